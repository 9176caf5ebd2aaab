"""The words of a template: fields, quoted strings, brackets."""

import re
from ast import literal_eval

FIELD = re.compile(r"(?:\\.|[^\s.,\[\]{}()'\"|@$&\\=!<>])+")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
SLICE = re.compile(r"(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$")
OPERATOR = re.compile(r"==|!=|<=|>=|<|>")


class JSONPathError(ValueError):
    """A template that cannot be read, or cannot be applied to the value."""


def closing_bracket(text: str, start: int) -> int:
    """Where the bracket at `start` ends; brackets in quotes do not count."""
    depth, at = 0, start
    while at < len(text):
        quoted = QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise JSONPathError("unterminated array")


def split(text: str) -> list[str]:
    """Parts between commas, those in quotes apart."""
    return [part.strip() for part in re.findall(rf"(?:{QUOTED.pattern}|[^,])+", text)] or [""]


def unquote(text: str) -> str:
    """The string in quotes, its escapes resolved."""
    try:
        value = literal_eval(text)
    except (SyntaxError, ValueError) as error:
        raise JSONPathError(f"invalid string {text}") from error
    return str(value)
