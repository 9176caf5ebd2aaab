"""Label selectors: Kubernetes' grammar, the structured form, and what they match."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protos import labels as label_rules
from protos.kubernetes import meta_pb2 as meta

_TOKEN = re.compile(r"[ \t\r\n]*(?:(?P<symbol>==|!=|[=!<>(),])|(?P<word>[^ \t\r\n=!<>(),]+)|(?P<end>$))")
_STRUCTURED = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label; operators: in, notin, exists, !, >, <."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it: an absent key meets `notin` and `!`."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if self.operator == "notin":
            return value is None or value not in self.values
        if value is None:
            return False
        if self.operator == "in":
            return value in self.values
        return _compare(value, self.operator, *self.values)


def _compare(value: str, operator: str, bound: str) -> bool:
    if not re.fullmatch(r"[+-]?\d+", value):
        return False
    return int(value) > int(bound) if operator == ">" else int(value) < int(bound)


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that must all be met; none matches everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "LabelSelector":
        """The selector of `a=b,c!=d,e in (f,g),!h,i>1`. Raises ValueError with Kubernetes' text."""
        return cls(_Parser(text).requirements())

    @classmethod
    def of(cls, selector: meta.LabelSelector) -> "LabelSelector":
        """The structured form. Raises ValueError with Kubernetes' text."""
        found = [Requirement(key, "in", frozenset((value,))) for key, value in selector.matchLabels.items()]
        for expression in selector.matchExpressions:
            operator = _STRUCTURED.get(expression.operator)
            if operator is None:
                raise ValueError(f'"{expression.operator}" is not a valid label selector operator')
            found.append(_checked(expression.key, operator, expression.values))
        return cls(tuple(found))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)


class _Parser:
    """Recursive descent over section `labels.Parse` of Kubernetes' grammar."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, bool]] = []  # the text and whether it is a symbol; "" ends them
        at = 0
        while True:
            match = _TOKEN.match(text, at)
            assert match is not None  # the three alternatives cover any text
            self.tokens.append((match["symbol"] or match["word"] or "", match["word"] is None))
            if match["end"] is not None:
                break
            at = match.end()
        self.at = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at][0]

    @property
    def is_symbol(self) -> bool:
        return self.tokens[self.at][1]

    def next(self) -> str:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def requirements(self) -> tuple[Requirement, ...]:
        found: list[Requirement] = []
        if self.token == "":
            return ()
        while True:
            if self.token == ",":
                raise _unexpected(",", "identifier after ','" if found else "!, identifier, or 'end of string'")
            found.append(self.requirement())
            token = self.next()
            if token == "":
                return tuple(found)
            if token != ",":
                raise _unexpected(token, "',' or 'end of string'")
            if self.token == "":
                raise _unexpected("", "identifier after ','")

    def requirement(self) -> Requirement:
        negated = self.token == "!"
        if negated:
            self.next()
        key = self.word("identifier")
        if negated or self.token in ("", ","):
            return _checked(key, "!" if negated else "exists", ())
        operator = self.next()
        if operator in ("in", "notin"):
            return _checked(key, operator, self.values())
        if operator in ("=", "=="):
            return _checked(key, "in", (self.value(),))
        if operator == "!=":
            return _checked(key, "notin", (self.value(),))
        if operator in (">", "<"):
            return _checked(key, operator, (self.value(),))
        raise _unexpected(operator, "in, notin, =, ==, !=, gt, lt")

    def word(self, expected: str) -> str:
        if self.is_symbol:
            raise _unexpected(self.token, expected)
        return self.next()

    def value(self) -> str:
        """One value; the end of a requirement stands for the empty string."""
        return "" if self.token in ("", ",") else self.word("identifier")

    def values(self) -> list[str]:
        if self.next() != "(":
            raise _unexpected(self.tokens[self.at - 1][0], "'('")
        found: list[str] = []
        while True:
            expected = "',', or identifier" if found else "',', ')' or identifier"
            found.append("" if self.token in (",", ")") else self.word(expected))
            token = self.next()
            if token == ")":
                return found
            if token != ",":
                raise _unexpected(token, "',' or ')'")


def _unexpected(token: str, expected: str) -> ValueError:
    return ValueError(f"unable to parse requirement: found '{token}', expected: {expected}")


def _checked(key: str, operator: str, values: Sequence[str]) -> Requirement:
    """The requirement, its key and values held against the rules of labels. Raises ValueError."""
    if faults := label_rules.qualified_name_faults(key):
        raise ValueError(f'key: Invalid value: "{key}": {"; ".join(faults)}')
    if operator in ("in", "notin") and not values:
        raise ValueError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    if operator in ("exists", "!") and values:
        raise ValueError("values: Invalid value: values set must be empty for exists and does not exist")
    if operator in (">", "<") and not re.fullmatch(r"[+-]?\d+", values[0]):
        raise ValueError(
            f"values[0]: Invalid value: \"{values[0]}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )
    for index, value in enumerate(values):
        if faults := label_rules.label_value_faults(value):
            raise ValueError(f'values[{index}][{key}]: Invalid value: "{value}": {"; ".join(faults)}')
    return Requirement(key, operator, frozenset(values))
