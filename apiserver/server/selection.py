"""Which keys and which objects a request means."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf.message import Message

from apiserver.registry import errors, keys
from protos.kinds import BY_RESOURCE, Kind
from protos.selectors import FieldSelector, LabelSelector


class UnknownResource(errors.StatusError):
    """No kind of the API has this plural."""

    code = 404
    reason = "NotFound"


Matches = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """Objects of one kind, of one namespace or all, that match two selectors. `matches` is None where all do."""

    kind: Kind
    prefix: str
    matches: Matches | None

    @classmethod
    def parse(cls, resource: str, namespace: str, label_selector: str, field_selector: str) -> "Selection":
        """Raises UnknownResource, and BadRequest for a malformed selector."""
        kind = find(resource)
        prefix = keys.object_prefix(kind, namespace if kind.namespaced else "")
        return cls(kind, prefix, _matcher(kind, label_selector, field_selector))


def find(resource: str) -> Kind:
    """The kind of a resource. Raises UnknownResource."""
    kind = BY_RESOURCE.get(resource)
    if kind is None:
        raise UnknownResource(f'the server could not find the requested resource "{resource}"')
    return kind


def find_key(resource: str, namespace: str, name: str) -> str:
    """The store's key of one object. Raises UnknownResource, BadRequest."""
    kind = find(resource)
    if not name:
        raise errors.BadRequest("resource name may not be empty")
    if kind.namespaced and not namespace:
        raise errors.BadRequest("an empty namespace may not be set when a resource name is provided")
    return keys.object_key(kind, namespace, name)


def parse_revision(text: str) -> int:
    """A resourceVersion of a request: a number, 0 for "". Raises BadRequest."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise errors.BadRequest(f'invalid resource version "{text}": must be one that the server gave out')
    return int(text)


def _matcher(kind: Kind, label_selector: str, field_selector: str) -> Matches | None:
    if not label_selector and not field_selector:
        return None
    try:
        labels, fields = LabelSelector.parse(label_selector), FieldSelector.parse(field_selector)
        fields.check(kind)
    except ValueError as error:
        raise errors.BadRequest(str(error)) from None

    def matches(value: bytes) -> bool:
        message = _decoded(kind.resource, value)
        return labels.matches(message.metadata.labels) and fields.matches(message)  # type: ignore[attr-defined]

    return matches


@lru_cache(maxsize=512)
def _decoded(resource: str, value: bytes) -> Message:
    """Read-only: every watcher with a selector looks at the same few objects at the same time."""
    return BY_RESOURCE[resource].message.FromString(value)
