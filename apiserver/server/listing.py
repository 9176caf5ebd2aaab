"""Lists: resourceVersion semantics, selectors, and pages from one snapshot."""

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import islice

from apiserver.registry import errors
from apiserver.registry.keys import with_resource_version
from apiserver.server.selection import Selection, parse_revision
from apiserver.store import Compacted, FutureRevision, KeyValue, Store
from protos import api_pb2
from protos.kubernetes import meta_pb2

NEWEST = -1  # of a token: continue at whatever is the newest then

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: behind a key, in the snapshot of a revision. A continue token is one, encoded."""

    revision: int
    after: str = ""

    def token(self, prefix: str) -> str:
        text = json.dumps({"rv": self.revision, "after": self.after.removeprefix(prefix)}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str, prefix: str) -> "Position":
        """Raises BadRequest."""
        try:
            fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            revision, after = fields["rv"], fields["after"]
            if not isinstance(revision, int) or not isinstance(after, str):
                raise ValueError(token)
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise errors.BadRequest("continue key is not valid: use the token as the server gave it") from None
        return cls(revision, prefix + after)


def list_objects(store: Store, request: api_pb2.ListRequest) -> api_pb2.ListResponse:
    """The page that the request asks for. Raises BadRequest, Expired, Timeout."""
    selection = Selection.parse(request.resource, request.namespace, request.labelSelector, request.fieldSelector)
    position = _position(store, request, selection.prefix)
    try:
        items, last = _page(store, selection, position, max(request.limit, 0))
    except (Compacted, FutureRevision) as error:
        raise _unavailable(error, position, request, selection.prefix) from None
    metadata = meta_pb2.ListMeta(resourceVersion=str(position.revision))
    if last:
        setattr(metadata, "continue", Position(position.revision, last).token(selection.prefix))
        if selection.matches is None:
            metadata.remainingItemCount = _remaining(store, selection.prefix, Position(position.revision, last))
    encoded = [with_resource_version(item.value, item.mod_revision) for item in items]
    return api_pb2.ListResponse(metadata=metadata, items=encoded)


def _position(store: Store, request: api_pb2.ListRequest, prefix: str) -> Position:
    """Where the list begins, the revision made definite."""
    revision, match, token = request.resourceVersion, request.resourceVersionMatch, getattr(request, "continue")
    if match not in ("", "NotOlderThan", "Exact"):
        raise errors.BadRequest(f'resourceVersionMatch "{match}": supported values are "Exact", "NotOlderThan"')
    if token:
        if revision not in ("", "0") or match:
            raise errors.BadRequest("specifying resource version is not allowed when using continue")
        position = Position.parse(token, prefix)
        return Position(store.revision, position.after) if position.revision == NEWEST else position
    wanted = parse_revision(revision)
    if match == "Exact":
        if not wanted:
            raise errors.BadRequest('resourceVersionMatch "Exact" is forbidden without a resourceVersion above 0')
        return Position(wanted)
    check_reached(store, wanted)
    return Position(store.revision)


def check_reached(store: Store, revision: int) -> None:
    """Raises Timeout for a revision that this server has not come to: it is the only writer, so waiting is no use."""
    if revision > store.revision:
        raise errors.Timeout(f"Too large resource version: {revision}, current: {store.revision}")


def _page(store: Store, selection: Selection, position: Position, limit: int) -> tuple[list[KeyValue], str]:
    """The objects of one page, and the key of the last one if more follow."""
    revision = position.revision if position.revision != store.revision else 0
    size = limit + 1 if limit else None
    if selection.matches is None:
        found = store.list(selection.prefix, revision=revision, after=position.after, limit=size or 0)
    else:
        matches = selection.matches
        items = store.list(selection.prefix, revision=revision, after=position.after)
        found = list(islice((item for item in items if matches(item.value)), size))
    more = limit and len(found) > limit
    return (found[:limit], found[limit - 1].key) if more else (found, "")


def _remaining(store: Store, prefix: str, position: Position) -> int:
    if position.revision == store.revision:
        return store.count(prefix, after=position.after)
    return len(store.list(prefix, revision=position.revision, after=position.after))


def _unavailable(
    error: Compacted | FutureRevision, position: Position, request: api_pb2.ListRequest, prefix: str
) -> errors.StatusError:
    """What a list answers when its snapshot is not there."""
    if isinstance(error, FutureRevision):
        return errors.Timeout(f"Too large resource version: {error.revision}, current: {error.newest}")
    if not getattr(request, "continue"):
        return errors.Expired(
            f"The resourceVersion for the provided list is too old: {error.revision} ({error.oldest})"
        )
    return errors.Expired(TOO_OLD, Position(NEWEST, position.after).token(prefix))
