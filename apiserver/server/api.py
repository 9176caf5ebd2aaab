"""The Api service: reads from the store, writes through the registry, streams through the node agents."""

import random
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from google.protobuf.message import DecodeError, Message

from apiserver.registry import Patch, Registry, Written, errors
from apiserver.registry.keys import with_resource_version
from apiserver.server import failures
from apiserver.server.listing import check_reached, list_objects
from apiserver.server.node_streams import NodeStreams
from apiserver.server.selection import find, find_key, parse_revision
from apiserver.server.watching import watch
from apiserver.store import Store
from protos import api_pb2, api_pb2_grpc
from protos.kinds import PODS, Kind
from protos.kubernetes import core_pb2, meta_pb2

VERSION = "0.1.0"

PodTarget = api_pb2.ExecOpen | api_pb2.PortForwardOpen | api_pb2.LogsRequest


class Api(api_pb2_grpc.ApiServicer):
    """One server's verbs. Each failure is raised as what it is; `failures` turns it into an answer."""

    def __init__(
        self, store: Store, registry: Registry, nodes: NodeStreams, cluster_name: str, chance: random.Random
    ) -> None:
        self._store = store
        self._registry = registry
        self._nodes = nodes
        self._cluster_name = cluster_name
        self._chance = chance

    @failures.unary
    async def Get(self, request: api_pb2.GetRequest, context: Any) -> api_pb2.ObjectResponse:
        key = find_key(request.resource, request.namespace, request.name)
        check_reached(self._store, parse_revision(request.resourceVersion))
        stored = self._store.get(key)
        if stored is None:
            raise errors.NotFound(find(request.resource), request.name)
        return api_pb2.ObjectResponse(object=with_resource_version(stored.value, stored.mod_revision))

    @failures.unary
    async def List(self, request: api_pb2.ListRequest, context: Any) -> api_pb2.ListResponse:
        return list_objects(self._store, request)

    @failures.streaming
    async def Watch(self, request: api_pb2.WatchRequest, context: Any) -> AsyncGenerator[api_pb2.WatchResponse, None]:
        return watch(self._store, request, self._chance)

    @failures.unary
    async def Create(self, request: api_pb2.CreateRequest, context: Any) -> api_pb2.ObjectResponse:
        kind = find(request.resource)
        obj = decode(kind, request.object)
        return response(await self._registry.create(kind, request.namespace, obj, dry_run=request.dryRun))

    @failures.unary
    async def Update(self, request: api_pb2.UpdateRequest, context: Any) -> api_pb2.ObjectResponse:
        kind, registry = find(request.resource), self._registry
        obj = decode(kind, request.object)
        return response(await registry.update(kind, request.namespace, request.name, obj, dry_run=request.dryRun))

    @failures.unary
    async def UpdateStatus(self, request: api_pb2.UpdateRequest, context: Any) -> api_pb2.ObjectResponse:
        kind, registry = find(request.resource), self._registry
        obj = decode(kind, request.object)
        return response(
            await registry.update_status(kind, request.namespace, request.name, obj, dry_run=request.dryRun)
        )

    @failures.unary
    async def Patch(self, request: api_pb2.PatchRequest, context: Any) -> api_pb2.ObjectResponse:
        patch = Patch(request.type, request.patch, strict=request.strict)
        written = await self._registry.patch(
            find(request.resource),
            request.namespace,
            request.name,
            patch,
            subresource=request.subresource,
            dry_run=request.dryRun,
        )
        return response(written)

    @failures.unary
    async def Delete(self, request: api_pb2.DeleteRequest, context: Any) -> api_pb2.ObjectResponse:
        kind = find(request.resource)
        written = await self._registry.delete(
            kind, request.namespace, request.name, request.options, dry_run=request.dryRun
        )
        if not written.removed:
            return response(written)
        details = meta_pb2.StatusDetails(name=request.name, group=kind.group, kind=kind.resource)
        return api_pb2.ObjectResponse(status=meta_pb2.Status(status="Success", details=details))

    @failures.unary
    async def Version(self, request: api_pb2.VersionRequest, context: Any) -> api_pb2.VersionResponse:
        return api_pb2.VersionResponse(version=VERSION, clusterName=self._cluster_name, revision=self._store.revision)

    @failures.streaming
    async def Exec(self, request: AsyncIterator[api_pb2.Frame], context: Any) -> AsyncGenerator[api_pb2.Frame, None]:
        opening = await first_frame(request, "exec")
        return self._open(opening, opening.exec, request)

    @failures.streaming
    async def PortForward(
        self, request: AsyncIterator[api_pb2.Frame], context: Any
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        opening = await first_frame(request, "portForward")
        return self._open(opening, opening.portForward, request)

    @failures.streaming
    async def Logs(self, request: api_pb2.LogsRequest, context: Any) -> AsyncGenerator[api_pb2.Frame, None]:
        return self._open(api_pb2.Frame(logs=request), request, None)

    def _open(
        self, opening: api_pb2.Frame, target: PodTarget, frames: AsyncIterator[api_pb2.Frame] | None
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        """The stream's frames from the node that runs the pod. Raises NotFound, BadRequest, ServiceUnavailable."""
        stored = self._store.get(find_key(PODS.resource, target.namespace, target.pod))
        if stored is None:
            raise errors.NotFound(PODS, target.pod)
        node = core_pb2.Pod.FromString(stored.value).spec.nodeName
        if not node:
            raise errors.BadRequest(f"pod {target.pod} does not have a host assigned")
        return self._nodes.open(node, opening, frames)


async def first_frame(frames: AsyncIterator[api_pb2.Frame], field: str) -> api_pb2.Frame:
    """The frame that opens a stream. Raises BadRequest for any other."""
    frame = await anext(aiter(frames), api_pb2.Frame())
    if frame.WhichOneof("frame") != field:
        raise errors.BadRequest(f'the first frame of the stream must hold "{field}"')
    return frame


def decode(kind: Kind, encoded: bytes) -> Message:
    """The object of a request. Raises BadRequest."""
    try:
        return kind.message.FromString(encoded)
    except DecodeError:
        raise errors.BadRequest(f"the object of the request is no encoded {kind.kind}") from None


def response(written: Written) -> api_pb2.ObjectResponse:
    """The answer to a write."""
    return api_pb2.ObjectResponse(object=written.object, warnings=written.warnings)
