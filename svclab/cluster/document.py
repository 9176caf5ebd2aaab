"""Reads a configuration document field by field, so that every error names its field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from svclab.cluster.errors import ConfigError

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")  # RFC 1123
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
T = TypeVar("T")


@dataclass
class Section:
    """One mapping of the document; fields that nobody asked for are errors when it is finished."""

    value: Mapping[str, object]
    path: str
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, path: str) -> "Section":
        """The mapping `value` at `path`; nothing is an empty mapping."""
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise ConfigError(f"{path or 'the configuration'}: must be a mapping")
        return cls(value, path)

    def at(self, key: str) -> str:
        """The full path of a field."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether a field is given."""
        return self.value.get(key) is not None

    def get(self, key: str, kind: type[T], default: T) -> T:
        """A field of a type, or the default where it is missing."""
        self.seen.add(key)
        value = self.value.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ConfigError(f"{self.at(key)}: must be {_A.get(kind, kind.__name__)}, not {value!r}")
        return value

    def text(self, key: str, default: str) -> str:
        """A string."""
        return self.get(key, str, default)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        return self.get(key, bool, default)

    def constant(self, key: str, expected: str) -> None:
        """A field that can only have one value, and must have it."""
        if self.text(key, "") != expected:
            raise ConfigError(f"{self.at(key)}: must be {expected!r}")

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of some strings."""
        value = self.text(key, default)
        if value not in choices:
            raise ConfigError(f"{self.at(key)}: {value!r} is none of {', '.join(choices)}")
        return value

    def choices(self, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """Several of some strings."""
        values = tuple(self.get(key, list, []))
        for value in values:
            if value not in choices:
                raise ConfigError(f"{self.at(key)}: {value!r} is none of {', '.join(choices)}")
        return values

    def name(self, key: str, default: str) -> str:
        """A DNS label (RFC 1123)."""
        return dns_label(self.text(key, default), self.at(key))

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number of a range."""
        value = self.get(key, int, default)
        if not least <= value <= most:
            raise ConfigError(f"{self.at(key)}: {value} is not between {least} and {most}")
        return value

    def seconds(self, key: str, default: float) -> float:
        """A duration: a number of seconds, or text such as 500ms, 10s, 5m."""
        self.seen.add(key)
        match = _DURATION.fullmatch(str(self.value.get(key, default)))
        if not match or not float(match[1]):
            raise ConfigError(f"{self.at(key)}: {self.value.get(key)!r} is not a duration such as 10s")
        return float(match[1]) * _UNITS[match[2]]

    def port_range(self, key: str, default: tuple[int, int]) -> tuple[int, int]:
        """Ports as text such as 30000-32767."""
        text = self.text(key, "{}-{}".format(*default))
        match = re.fullmatch(r"(\d+)-(\d+)", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]) <= 65535:
            raise ConfigError(f"{self.at(key)}: {text!r} is not a range of ports such as 30000-32767")
        return int(match[1]), int(match[2])

    def strings(self, key: str) -> dict[str, str]:
        """A mapping of strings to strings."""
        mapping = self.get(key, dict, {})
        for name, value in mapping.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise ConfigError(f"{self.at(key)}: {name!r}: {value!r}: both must be strings")
        return dict(mapping)

    def section(self, key: str) -> "Section":
        """A mapping inside this one."""
        self.seen.add(key)
        return Section.of(self.value.get(key), self.at(key))

    def sections(self, key: str) -> list["Section"]:
        """A list of mappings."""
        return [Section.of(item, f"{self.at(key)}[{n}]") for n, item in enumerate(self.get(key, list, []))]

    def finish(self) -> None:
        """Raises ConfigError for a field that is not known."""
        for key in self.value:
            if key not in self.seen:
                raise ConfigError(f"{self.at(str(key))}: unknown field")


def dns_label(text: str, path: str) -> str:
    """The text, if it is a DNS label of at most 63 characters. Raises ConfigError otherwise."""
    if len(text) > 63 or not _DNS_LABEL.fullmatch(text):
        raise ConfigError(f"{path}: {text!r} is not a name of lower-case letters, digits and '-'")
    return text


_A: dict[type, str] = {str: "a string", bool: "true or false", int: "a whole number", dict: "a mapping", list: "a list"}
