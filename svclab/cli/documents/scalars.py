"""What a plain YAML scalar means, by the rules of Kubernetes' YAML (YAML 1.1 as go-yaml reads it)."""

import re

_TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_NULL = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
_TIMESTAMP = re.compile(r"\d{4}-\d\d?-\d\d?([Tt ].*)?$")

Scalar = str | int | float | bool | None


def resolve(text: str) -> Scalar:
    """The value of a plain scalar. Dates and sexagesimal numbers stay strings."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.match(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.match(text.replace("_", "")):
        return _whole(float(text.replace("_", "")))
    return text


def is_ambiguous(text: str) -> bool:
    """Whether the text, unquoted, would be read as something else than this string."""
    return not isinstance(resolve(text), str) or bool(
        _TIMESTAMP.match(text) or _SPECIAL.match(text) or _sexagesimal(text)
    )


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits[:2] in ("0b", "0o", "0x"):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits.startswith("0") else 10)


def _whole(number: float) -> int | float:
    """JSON knows one kind of number: 1e3 is the integer 1000."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _sexagesimal(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", text))
