"""The rules of names and labels (RFC 1123, RFC 1035, qualified names); faults are in Kubernetes' words."""

import re

_QUALIFIED_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_DNS1123_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS1123_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_ENV_NAME = re.compile(r"[ -<>-~]+")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")

_DNS1123_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_DNS1123_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DNS1035_LABEL_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_PART_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_QUALIFIED_TEXT = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
    "'example.com/MyName')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_ENV_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def too_long(limit: int) -> str:
    """Kubernetes' text for a name beyond its limit."""
    return f"must be no more than {limit} characters"


def _faults(text: str, limit: int, pattern: re.Pattern[str], rule: str) -> list[str]:
    faults = [too_long(limit)] if len(text) > limit else []
    if not pattern.fullmatch(text):
        faults.append(rule)
    return faults


def dns1123_label_faults(text: str) -> list[str]:
    """Faults of a lower-case RFC 1123 label of at most 63 characters."""
    return _faults(text, 63, _DNS1123_LABEL, _DNS1123_LABEL_TEXT)


def dns1123_subdomain_faults(text: str) -> list[str]:
    """Faults of a lower-case RFC 1123 subdomain of at most 253 characters."""
    return _faults(text, 253, _DNS1123_SUBDOMAIN, _DNS1123_SUBDOMAIN_TEXT)


def dns1035_label_faults(text: str) -> list[str]:
    """Faults of an RFC 1035 label of at most 63 characters: it starts with a letter."""
    return _faults(text, 63, _DNS1035_LABEL, _DNS1035_LABEL_TEXT)


def label_value_faults(text: str) -> list[str]:
    """Faults of a label's value."""
    return _faults(text, 63, _LABEL_VALUE, _LABEL_VALUE_TEXT)


def config_key_faults(text: str) -> list[str]:
    """Faults of a key of a ConfigMap."""
    if text in (".", ".."):
        return [f"must not be '{text}'"]
    if text.startswith(".."):
        return ["must not start with '..'"]
    return _faults(text, 253, _CONFIG_KEY, _CONFIG_KEY_TEXT)


def env_name_faults(text: str) -> list[str]:
    """Faults of an environment variable's name."""
    return [] if _ENV_NAME.fullmatch(text) else [_ENV_NAME_TEXT]


def qualified_name_faults(text: str) -> list[str]:
    """Faults of `name` or `dns.prefix/name`: keys of labels and annotations, finalizers, classes."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [_QUALIFIED_TEXT]
    faults = []
    if slash and not prefix:
        faults.append("prefix part must be non-empty")
    elif slash:
        faults.extend(f"prefix part {fault}" for fault in dns1123_subdomain_faults(prefix))
    if not name:
        faults.append("name part must be non-empty")
    elif len(name) > 63:
        faults.append(f"name part {too_long(63)}")
    if not _QUALIFIED_PART.fullmatch(name):
        faults.append(_QUALIFIED_PART_TEXT)
    return faults


def port_name_faults(text: str) -> list[str]:
    """Faults of an IANA service name (RFC 6335), which names a container's port."""
    faults = [too_long(15)] if len(text) > 15 else []
    if not _PORT_NAME.fullmatch(text):
        faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        faults.append("must contain at least one letter (a-z)")
    if "--" in text:
        faults.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        faults.append("must not begin or end with a hyphen")
    return faults
