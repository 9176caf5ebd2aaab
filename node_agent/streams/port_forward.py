"""`port-forward`: one connection to a port of a pod, made in its network namespace: 127.0.0.1 is the pod's own."""

import asyncio
import socket

from node_agent.pods.pods import Pods
from node_agent.pods.sandbox import Sandbox
from node_agent.streams.descriptors import CHUNK, Queue
from protos import api_pb2

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


async def run(opening: api_pb2.PortForwardOpen, pods: Pods, incoming: Queue, outgoing: Queue) -> None:
    """Raises PodNotHere, ShimError, or OSError if nobody listens on the port."""
    sandbox = pods.find(opening.namespace, opening.pod)
    sock = await _connect(sandbox, opening.port)
    reader, writer = await asyncio.open_connection(sock=sock)
    feeding = asyncio.create_task(_feed(writer, incoming))
    try:
        while data := await reader.read(CHUNK):
            await outgoing.put(api_pb2.Frame(stdout=data))
    finally:
        feeding.cancel()
        writer.close()


async def _connect(sandbox: Sandbox, port: int) -> socket.socket:
    """To the loopback address as the kubelet does, else to the pod's own."""
    own = [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in sandbox.addresses]
    for family, address in (*LOOPBACKS, *own):
        sock = await sandbox.shim.socket(family)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except OSError:
            sock.close()
            continue
        return sock
    raise ConnectionRefusedError(f"failed to connect to localhost:{port} inside pod {sandbox.record.name}: refused")


async def _feed(writer: asyncio.StreamWriter, incoming: Queue) -> None:
    while (frame := await incoming.get()) is not None:
        match frame.WhichOneof("frame"):
            case "stdin":
                writer.write(frame.stdin)
                await writer.drain()
            case "endOfInput":
                writer.write_eof()
