"""One attempt of a probe or lifecycle hook: HTTP, TCP and gRPC from the node to the pod's address, exec inside it.

All are the kubelet's: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node_agent.pods.connection import ShimError
from node_agent.pods.sandbox import Sandbox
from node_agent.shim.records import ExecSpec
from protos.kubernetes import core_pb2, meta_pb2

OUTPUT_LIMIT = 10 << 10
NODE_HOST = "127.0.0.1"

Handler = core_pb2.ProbeHandler | core_pb2.LifecycleHandler


class CheckFailed(Exception):
    """The text is what the kubelet would say."""


async def check(handler: Handler, container: core_pb2.Container, sandbox: Sandbox) -> None:
    """Makes one attempt; its time limit is the caller's. Raises CheckFailed."""
    host = next(iter(sandbox.addresses), NODE_HOST)
    if handler.HasField("exec"):
        await _exec(list(handler.exec.command), container.name, sandbox)
    elif handler.HasField("httpGet"):
        await _http(handler.httpGet, container, host)
    elif handler.HasField("tcpSocket"):
        await _tcp(handler.tcpSocket.host or host, port_number(handler.tcpSocket.port, container))
    elif isinstance(handler, core_pb2.ProbeHandler):
        await _grpc(host, handler.grpc.port, handler.grpc.service)
    elif handler.HasField("sleep"):
        await asyncio.sleep(handler.sleep.seconds)


def port_number(port: meta_pb2.IntOrString, container: core_pb2.Container) -> int:
    """Raises CheckFailed for a name that no port of the container has."""
    if port.type == 0:
        return port.intVal
    for one in container.ports:
        if one.name == port.strVal:
            return one.containerPort
    raise CheckFailed(f"couldn't find port: {port.strVal}")


async def _exec(command: list[str], container: str, sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        process = sandbox.shim.exec(ExecSpec(container, command, False, 0, 0), (null, writing, writing))
        os.close(writing)
        writing = -1
        try:
            code = await process.wait()
        except ShimError as error:
            raise CheckFailed(str(error)) from None
        finally:
            process.close()
        if code:
            os.set_blocking(reading, False)
            with suppress(BlockingIOError):
                raise CheckFailed(os.read(reading, OUTPUT_LIMIT).decode(errors="replace").strip())
            raise CheckFailed(f"command exited with {code}")
    finally:
        for descriptor in (reading, writing, null):
            if descriptor >= 0:
                os.close(descriptor)


@asynccontextmanager
async def _connected(
    host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except OSError as error:
        text = os.strerror(error.errno).lower() if error.errno else str(error)
        raise CheckFailed(f"dial tcp {host}:{port}: connect: {text}") from None
    try:
        yield reader, writer
    finally:
        writer.close()


async def _tcp(host: str, port: int) -> None:
    async with _connected(host, port):
        return


async def _http(action: core_pb2.HTTPGetAction, container: core_pb2.Container, pod_host: str) -> None:
    host, port = action.host or pod_host, port_number(action.port, container)
    tls = None
    if action.scheme == "HTTPS":
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    headers = {"Host": f"{host}:{port}", "User-Agent": "kube-probe/1.30", "Accept": "*/*", "Connection": "close"}
    headers |= {header.name: header.value for header in action.httpHeaders}
    lines = [f"GET /{action.path.lstrip('/')} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    async with _connected(host, port, tls) as (reader, writer):
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            words = (await reader.readline()).split()
        except OSError as error:
            raise CheckFailed(f"Get http://{host}:{port}/: {error}") from None
        except ValueError:  # a line longer than the reader's limit
            raise CheckFailed("malformed HTTP response") from None
    if len(words) < 2 or not words[1].isdigit():
        raise CheckFailed("malformed HTTP response")
    if not 200 <= int(words[1]) < 400:
        raise CheckFailed(f"HTTP probe failed with statuscode: {int(words[1])}")


async def _grpc(host: str, port: int, service: str) -> None:
    async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        except grpc.aio.AioRpcError as error:
            raise CheckFailed(f"service unhealthy (responded with {error.code().name})") from None
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise CheckFailed(
            f"service unhealthy (responded with {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)})"
        )
