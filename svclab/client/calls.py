"""Each verb of the API as a value: which method, which request, how to read the answer. No I/O is done here.

Client and SyncClient send these values, each in its own colour; the options of a verb are named once, in TypedDicts.
"""

import json
from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

from google.protobuf.message import Message

from protos import api_pb2
from protos.kinds import Kind, kind_of
from protos.kubernetes import meta_pb2
from svclab.client.objects import Page

T = TypeVar("T")
M = TypeVar("M", bound=Message)

SERVICE = "/svclab.api.v1.Api/"
READ_RETRY_PAUSES = (0.05, 0.2, 0.5)  # seconds; a server that is just starting again is back within them
PatchType = Literal["strategic", "merge", "json"]
_PATCH_TYPES = {"strategic": api_pb2.STRATEGIC_MERGE, "merge": api_pb2.MERGE, "json": api_pb2.JSON}


class Call(NamedTuple, Generic[T]):
    """One unary call. `read(response)` is the caller's result; only an idempotent call may be sent again."""

    method: str
    request: Message
    response: type[Any]
    read: Callable[[Any], T]
    idempotent: bool = False


class Selection(TypedDict, total=False):
    """Which objects of a kind, and how many of them, a list returns."""

    label_selector: str
    field_selector: str
    limit: int
    continue_token: str
    resource_version: str
    resource_version_match: Literal["", "NotOlderThan", "Exact"]


class WatchOptions(TypedDict, total=False):
    """Which objects a watch follows, and from where: "" or "0" begins with the current state."""

    label_selector: str
    field_selector: str
    resource_version: str
    bookmarks: bool
    send_initial_events: bool
    timeout_seconds: int


class PatchOptions(TypedDict, total=False):
    """`strict`: an unknown field is an error, not a warning."""

    type: PatchType
    subresource: Literal["", "status"]
    dry_run: bool
    strict: bool


class DeleteOptions(TypedDict, total=False):
    """`grace_period` in seconds (0: at once); `uid` and `resource_version` are preconditions."""

    grace_period: int | None
    uid: str
    resource_version: str
    propagation: Literal["", "Background", "Foreground", "Orphan"]
    dry_run: bool


def get(kind: Kind, name: str, namespace: str, resource_version: str) -> Call[Any]:
    request = api_pb2.GetRequest(
        resource=kind.resource, namespace=namespace, name=name, resourceVersion=resource_version
    )
    return Call("Get", request, api_pb2.ObjectResponse, _reader(kind), idempotent=True)


def list_page(kind: Kind, namespace: str, options: Selection) -> Call[Page]:
    request = api_pb2.ListRequest(
        resource=kind.resource,
        namespace=namespace,
        labelSelector=options.get("label_selector", ""),
        fieldSelector=options.get("field_selector", ""),
        limit=options.get("limit", 0),
        resourceVersion=options.get("resource_version", ""),
        resourceVersionMatch=options.get("resource_version_match", ""),
        **{"continue": options.get("continue_token", "")},  # the field's name is a word of Python
    )

    def read(response: api_pb2.ListResponse) -> Page:
        meta = response.metadata
        return Page(
            items=[kind.message.FromString(item) for item in response.items],
            resource_version=meta.resourceVersion,
            continue_token=getattr(meta, "continue"),
            remaining=meta.remainingItemCount if meta.HasField("remainingItemCount") else None,
        )

    return Call("List", request, api_pb2.ListResponse, read, idempotent=True)


def create(obj: M, dry_run: bool) -> Call[M]:
    kind = kind_of(obj)
    request = api_pb2.CreateRequest(
        resource=kind.resource, namespace=metadata_of(obj).namespace, object=obj.SerializeToString(), dryRun=dry_run
    )
    return Call("Create", request, api_pb2.ObjectResponse, _reader(kind))


def update(obj: M, dry_run: bool, method: Literal["Update", "UpdateStatus"] = "Update") -> Call[M]:
    kind, meta = kind_of(obj), metadata_of(obj)
    request = api_pb2.UpdateRequest(
        resource=kind.resource,
        namespace=meta.namespace,
        name=meta.name,
        object=obj.SerializeToString(),
        dryRun=dry_run,
    )
    return Call(method, request, api_pb2.ObjectResponse, _reader(kind))


def patch(kind: Kind, name: str, namespace: str, value: Any, options: PatchOptions) -> Call[Any]:
    request = api_pb2.PatchRequest(
        resource=kind.resource,
        namespace=namespace,
        name=name,
        type=_PATCH_TYPES[options.get("type", "strategic")],
        patch=json.dumps(value).encode(),
        subresource=options.get("subresource", ""),
        dryRun=options.get("dry_run", False),
        strict=options.get("strict", False),
    )
    return Call("Patch", request, api_pb2.ObjectResponse, _reader(kind))


def delete(kind: Kind, name: str, namespace: str, options: DeleteOptions) -> Call[Any]:
    request = api_pb2.DeleteRequest(
        resource=kind.resource, namespace=namespace, name=name, dryRun=options.get("dry_run", False)
    )
    grace_period = options.get("grace_period")
    if grace_period is not None:
        request.options.gracePeriodSeconds = grace_period
    if uid := options.get("uid"):
        request.options.preconditions.uid = uid
    if resource_version := options.get("resource_version"):
        request.options.preconditions.resourceVersion = resource_version
    if propagation := options.get("propagation"):
        request.options.propagationPolicy = propagation
    read = _reader(kind)
    return Call("Delete", request, api_pb2.ObjectResponse, lambda answer: read(answer) if answer.object else None)


def version() -> Call[api_pb2.VersionResponse]:
    return Call("Version", api_pb2.VersionRequest(), api_pb2.VersionResponse, lambda answer: answer, idempotent=True)


def watch(kind: Kind, namespace: str, options: WatchOptions) -> api_pb2.WatchRequest:
    initial = options.get("send_initial_events", False)
    return api_pb2.WatchRequest(
        resource=kind.resource,
        namespace=namespace,
        labelSelector=options.get("label_selector", ""),
        fieldSelector=options.get("field_selector", ""),
        resourceVersion=options.get("resource_version", ""),
        allowBookmarks=options.get("bookmarks", False) or initial,
        sendInitialEvents=initial,
        timeoutSeconds=options.get("timeout_seconds", 0),
    )


def metadata_of(obj: Message) -> meta_pb2.ObjectMeta:
    """The metadata that every kind has, though the base class of messages does not know it."""
    metadata: meta_pb2.ObjectMeta = getattr(obj, "metadata")  # noqa: B009
    return metadata


def _reader(kind: Kind) -> Callable[[api_pb2.ObjectResponse], Any]:
    return lambda answer: kind.message.FromString(answer.object)
