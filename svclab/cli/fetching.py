"""Reads the selected objects from the server, and follows what becomes of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from svclab.cli.errors import is_not_found
from svclab.cli.selection import Request, Selection
from svclab.cli.settings import client

PAGE_SIZE = 500
_RETRY_PAUSE = 0.2  # seconds, between attempts to reach a server that has gone away
_PATIENCE = 15.0  # seconds without a server after which a watch is given up


@dataclass
class Fetched:
    """Objects found, and the errors of those that were not; `resource_version` is that of the last list or object."""

    objects: list[Any] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    resource_version: str = ""


def fetch(selection: Selection, *, page_size: int = PAGE_SIZE, ignore_not_found: bool = False) -> Fetched:
    """All selected objects. A name that is not there is an error of its own; anything else ends the command."""
    from svclab.client.errors import ApiError

    found = Fetched()
    for request in selection.requests:
        if not request.name:
            _fetch_list(selection, request, page_size, found)
            continue
        try:
            item = client().get(request.kind, request.name, request.namespace)
        except ApiError as error:
            if not is_not_found(error):
                raise
            if not ignore_not_found:
                found.errors.append(error)
            continue
        found.objects.append(item)
        found.resource_version = item.metadata.resourceVersion
    return found


def _fetch_list(selection: Selection, request: Request, page_size: int, found: Fetched) -> None:
    pages = client().pages(
        request.kind,
        request.namespace,
        label_selector=selection.label_selector,
        field_selector=selection.field_selector,
        limit=page_size,
    )
    for page in pages:
        found.objects.extend(page.items)
        found.resource_version = page.resource_version


@dataclass(frozen=True)
class Following:
    """A watch that outlives the server's restarts: it goes on from the last change seen."""

    request: Request
    label_selector: str = ""
    field_selector: str = ""

    def events(self, resource_version: str, deadline: float | None = None) -> Iterator[Any]:
        """WatchEvents after a resource version, until `deadline` (of time.monotonic) if there is one.

        After the history has been compacted away, the current state comes again as ADDED events.
        """
        from svclab.client.errors import Expired, Unreachable

        lost_at: float | None = None
        while deadline is None or time.monotonic() < deadline:
            try:
                for event in self._once(resource_version, deadline):
                    resource_version, lost_at = event.object.metadata.resourceVersion, None
                    if event.type != "BOOKMARK":
                        yield event
            except Expired:
                resource_version = ""
            except Unreachable:
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > _PATIENCE:
                    raise
                time.sleep(_RETRY_PAUSE)

    def _once(self, resource_version: str, deadline: float | None) -> Iterator[Any]:
        fields = [self.field_selector, f"metadata.name={self.request.name}" if self.request.name else ""]
        batches = client().watch(
            self.request.kind,
            self.request.namespace,
            label_selector=self.label_selector,
            field_selector=",".join(filter(None, fields)),
            resource_version=resource_version,
            bookmarks=True,
            timeout_seconds=max(int(deadline - time.monotonic() + 0.999), 1) if deadline is not None else 0,
        )
        for batch in batches:
            yield from batch
