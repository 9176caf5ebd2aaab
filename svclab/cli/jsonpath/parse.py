"""Template text to nodes, by recursive descent."""

import re

from svclab.cli.jsonpath import nodes
from svclab.cli.jsonpath.lexis import FIELD, OPERATOR, QUOTED, SLICE, JSONPathError, closing_bracket, split, unquote


def parse(template: str) -> nodes.Template:
    """Reads a template. Raises JSONPathError."""
    parser = _Parser(template)
    found, ended = parser.sequence(inside_range=False)
    assert not ended
    return found


def relaxed(expression: str) -> nodes.Template:
    """Reads a single path, where braces and the leading dot may be missing: `x.y`, `.x.y`, `{.x.y}`."""
    text = expression.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    if not text.startswith((".", "[", "$", "@")):
        text = f".{text}"
    return parse(f"{{{text}}}")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def sequence(self, *, inside_range: bool) -> tuple[nodes.Template, bool]:
        """The nodes up to the end of the text, or to the `{end}` of a range (then: True)."""
        found: list[nodes.Node] = []
        while self.at < len(self.text):
            opening = self.text.find("{", self.at)
            literal = self.text[self.at : opening if opening >= 0 else len(self.text)]
            if literal:
                found.append(nodes.Text(literal))
            self.at += len(literal)
            if opening >= 0 and self._action(found):
                if not inside_range:
                    raise JSONPathError("not in range, nothing to end")
                return tuple(found), True
        if inside_range:
            raise JSONPathError("unclosed range: {end} is missing")
        return tuple(found), False

    def _action(self, found: list[nodes.Node]) -> bool:
        """Reads `{...}` into `found`; whether it was `{end}`."""
        self.at += 1
        self._spaces()
        if self._word("end"):
            self._close()
            return True
        if self._word("range"):
            path = self._path()
            self._close()
            body, _ = self.sequence(inside_range=True)
            found.append(nodes.Range(path, body))
            return False
        self._contents(found)
        self._close()
        return False

    def _contents(self, found: list[nodes.Node]) -> None:
        while self._peek() not in ("}", ""):
            quoted = QUOTED.match(self.text, self.at)
            if quoted:
                self.at = quoted.end()
                found.append(nodes.Text(unquote(quoted[0])))
            else:
                found.append(self._path())
            self._spaces()

    def _path(self) -> nodes.Path:
        """A path: `.a.b[0]`, `$`, `@`. Stops before what cannot belong to it."""
        self._spaces()
        start, steps = self.at, list[nodes.Step]()
        if self._peek() in ("$", "@"):
            self.at += 1
        while step := self._steps():
            steps.extend(step)
        if self.at == start:
            rest = self.text[self.at : self.at + 20]
            raise JSONPathError(f"unrecognized character in action: {rest!r}" if rest else "unclosed action")
        return nodes.Path(tuple(steps))

    def _steps(self) -> list[nodes.Step]:
        if self.text.startswith("..", self.at):
            self.at += 2
            return [nodes.Recursive(), *self._field()]
        if self._peek() == ".":
            self.at += 1
            return self._field() or [nodes.Itself()]
        if self._peek() == "[":
            return [self._bracket()]
        return []

    def _field(self) -> list[nodes.Step]:
        if self._peek() == "*":
            self.at += 1
            return [nodes.Wildcard()]
        match = FIELD.match(self.text, self.at)
        if match is None:
            return []
        self.at = match.end()
        return [nodes.Field(re.sub(r"\\(.)", r"\1", match[0]))]

    def _bracket(self) -> nodes.Step:
        closing = closing_bracket(self.text, self.at)
        inside = self.text[self.at + 1 : closing].strip()
        self.at = closing + 1
        if inside.startswith("?(") and inside.endswith(")"):
            return _filter(inside[2:-1])
        parts = split(inside)
        if len(parts) == 1:
            return _subscript(parts[0])
        return nodes.Union(tuple(_as_path(part) for part in parts))

    def _word(self, word: str) -> bool:
        if not re.match(rf"{word}(?![\w-])", self.text[self.at :]):
            return False
        self.at += len(word)
        return True

    def _spaces(self) -> None:
        while self._peek() in (" ", "\t"):
            self.at += 1

    def _close(self) -> None:
        self._spaces()
        if self._peek() != "}":
            raise JSONPathError("unclosed action")
        self.at += 1

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]


def _subscript(text: str) -> nodes.Step:
    if text == "*":
        return nodes.Wildcard()
    if QUOTED.fullmatch(text):
        steps = _as_path(text).steps
        return steps[0] if len(steps) == 1 else nodes.Union((nodes.Path(steps),))
    match = SLICE.fullmatch(text)
    if match is None or not text:
        raise JSONPathError(f"invalid array index {text}")
    start, end, step = (int(part) if part else None for part in match.groups())
    if ":" not in text:
        return nodes.Slice(start, single=True)
    if step is not None and step <= 0:
        raise JSONPathError("step must be > 0")
    return nodes.Slice(start, end, step or 1)


def _as_path(text: str) -> nodes.Path:
    """The path that one part of a union stands for; a quoted name may hold dots, which lead further down."""
    if not QUOTED.fullmatch(text):
        return nodes.Path((_subscript(text),))
    parser = _Parser(f".{text[1:-1]}")
    path = parser._path()
    if parser._peek():
        raise JSONPathError(f"invalid array index {text}")
    return path


def _filter(text: str) -> nodes.Filter:
    at = 0
    while at < len(text):
        quoted = QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
        elif operator := OPERATOR.match(text, at):
            return nodes.Filter(_operand(text[:at]), operator[0], _operand(text[operator.end() :]))
        else:
            at += 1
    return nodes.Filter(_operand(text))


def _operand(text: str) -> nodes.Operand:
    text = text.strip()
    if QUOTED.fullmatch(text):
        return unquote(text)
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if re.fullmatch(r"[-+]?\d*\.\d+", text):
        return float(text)
    parser = _Parser(text)
    path = parser._path()
    if parser._peek():
        raise JSONPathError(f"unrecognized text in filter: {text}")
    return path
