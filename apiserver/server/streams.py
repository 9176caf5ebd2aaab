"""The NodeStreams service: where node agents dial in."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from apiserver.server import failures
from apiserver.server.node_streams import NodeStreams
from protos import api_pb2, api_pb2_grpc

STREAM_ID = "svclab-stream-id"


class Streams(api_pb2_grpc.NodeStreamsServicer):
    """The agents' side of NodeStreams."""

    def __init__(self, nodes: NodeStreams) -> None:
        self._nodes = nodes

    @failures.streaming
    async def Register(
        self, request: api_pb2.RegisterRequest, context: Any
    ) -> AsyncGenerator[api_pb2.StreamOpen, None]:
        return self._nodes.register(request.node)

    @failures.streaming
    async def Attach(self, request: AsyncIterator[api_pb2.Frame], context: Any) -> AsyncGenerator[api_pb2.Frame, None]:
        metadata = dict(context.invocation_metadata())
        return self._nodes.attach(metadata.get(STREAM_ID, ""), request)
