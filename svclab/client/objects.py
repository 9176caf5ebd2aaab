"""What calls return beside single objects: pages of a list and events of a watch."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from protos.kinds import Kind
from protos.kubernetes import meta_pb2
from svclab.client import errors

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Page:
    """One page of a list: typed objects, and the revision that they were read at."""

    items: list[Any]
    resource_version: str
    continue_token: str = ""  # not empty: there are more; hand it to the next call
    remaining: int | None = None  # how many objects follow, where the server counted them


class WatchEvent(NamedTuple):
    """One change: type ADDED, MODIFIED, DELETED or BOOKMARK, and the typed object (of a BOOKMARK: metadata alone)."""

    type: str
    object: Any

    @property
    def ends_initial_events(self) -> bool:
        """The bookmark that follows the initial state of a watch with `send_initial_events`."""
        return self.type == "BOOKMARK" and self.object.metadata.annotations.get(INITIAL_EVENTS_END) == "true"


Batch = list[WatchEvent]  # what one message of a watch brings, in order


def decode_event(kind: Kind, event: meta_pb2.WatchEvent) -> WatchEvent:
    """Reads one event off the wire. Raises the ApiError that an ERROR event stands for."""
    if event.type == "ERROR":
        raise errors.from_status(meta_pb2.Status.FromString(event.object.raw))
    return WatchEvent(event.type, kind.message.FromString(event.object.raw))
