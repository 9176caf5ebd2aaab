"""Field selectors: Kubernetes' grammar, the paths that each kind offers, and what they match."""

import re
from dataclasses import dataclass

from google.protobuf.message import Message

from protos.kinds import Kind, kind_of

# What a field selector may name, beside metadata.name and metadata.namespace (services: since 1.31).
_SELECTABLE: dict[str, frozenset[str]] = {
    "pods": frozenset(
        f"{part}.{name}"
        for part, names in (
            ("spec", ("nodeName", "restartPolicy", "schedulerName", "serviceAccountName", "hostNetwork")),
            ("status", ("phase", "podIP", "podIPs", "nominatedNodeName")),
        )
        for name in names
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "services": frozenset({"spec.clusterIP", "spec.type"}),
    "namespaces": frozenset({"status.phase", "name"}),
    "events": frozenset({"reason", "reportingComponent", "source", "type"})
    | frozenset(
        f"involvedObject.{name}"
        for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    ),
}


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Terms (path, equal, value) that must all hold."""

    terms: tuple[tuple[str, bool, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FieldSelector":
        """The selector of `a.b=c,d!=e`; a backslash escapes a comma, an equals sign or itself. Raises ValueError."""
        return cls(tuple(_term(part, text) for part in _split_terms(text) if part))

    def check(self, kind: Kind) -> None:
        """Raises ValueError for a path that cannot be selected by in this kind."""
        for path, _, _ in self.terms:
            known = path == "metadata.name" or (path == "metadata.namespace" and kind.namespaced)
            if not known and path not in _SELECTABLE.get(kind.resource, frozenset()):
                raise ValueError(f"field label not supported: {path}")

    def matches(self, message: Message) -> bool:
        """Whether the object's fields are as the terms say."""
        return all((value in _values(message, path)) == equal for path, equal, value in self.terms)


def _split_terms(text: str) -> list[str]:
    return [part[0] for part in re.finditer(r"(?:\\.|[^,\\])+|\\$", text)]


def _term(part: str, text: str) -> tuple[str, bool, str]:
    match = re.fullmatch(r"((?:\\.|[^=!\\])*)(!=|==|=)(.*)", part, re.DOTALL)
    if match is None:
        raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
    path, operator, value = match.groups()
    return path, operator != "!=", _unescape(value)


def _unescape(value: str) -> str:
    if not re.fullmatch(r"(?:\\[\\,=]|[^\\=])*", value):
        raise ValueError(f"invalid field selector: invalid escape sequence or unescaped = in value: {value}")
    return re.sub(r"\\(.)", r"\1", value)


def _values(message: Message, path: str) -> tuple[str, ...]:
    """The texts that a path stands for in an object: one, or each address of status.podIPs."""
    if path == "status.podIPs":
        return tuple(entry.ip for entry in message.status.podIPs) or ("",)  # type: ignore[attr-defined]
    if path == "source" and kind_of(message).kind == "Event":
        path = "source.component"
    value: object = message
    for name in path.split("."):
        value = getattr(value, name) if path != "name" else message.metadata.name  # type: ignore[attr-defined]
    return (str(value).lower() if isinstance(value, bool) else str(value),)
