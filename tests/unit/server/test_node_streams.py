"""Streams into pods: a client on one side, an agent that dials in on the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from apiserver.registry import errors
from apiserver.server import node_streams
from apiserver.server.node_streams import END_OF_INPUT, NodeStreams
from apiserver.server.pipe import CAPACITY, Pipe, PipeClosed
from protos import api_pb2
from protos.kubernetes import core_pb2
from svclab.client import errors as client_errors
from tests.unit.server.conftest import Cluster

Frame = api_pb2.Frame
OPENING = Frame(logs=api_pb2.LogsRequest(pod="p"))


async def frames(*texts: bytes) -> AsyncGenerator[Frame, None]:
    for text in texts:
        yield Frame(stdin=text)


async def forever() -> AsyncGenerator[Frame, None]:
    """Frames that never come."""
    await asyncio.Event().wait()
    yield Frame()


async def pod(received: asyncio.Queue[Frame]) -> AsyncIterator[Frame]:
    """A process that shouts back what it reads, until the end of its input."""
    while (frame := await received.get()) != END_OF_INPUT:
        yield Frame(stdout=frame.stdin.upper())
    yield Frame(exitCode=7)


async def serve(nodes: NodeStreams, stream_id: str) -> None:
    """Attaches that process to a stream."""
    received: asyncio.Queue[Frame] = asyncio.Queue()
    async for frame in nodes.attach(stream_id, pod(received)):
        received.put_nowait(frame)


async def agent(nodes: NodeStreams, node: str) -> None:
    async with asyncio.TaskGroup() as group:
        async for request in nodes.register(node):
            group.create_task(serve(nodes, request.id))


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> NodeStreams:
    monkeypatch.setattr(node_streams, "ATTACH_SECONDS", 0.05)
    return NodeStreams()


async def test_frames_travel_both_ways_and_the_end_of_input_is_passed_on(nodes: NodeStreams) -> None:
    running = asyncio.create_task(agent(nodes, "n1"))
    output = [frame async for frame in nodes.open("n1", OPENING, frames(b"a", b"b"))]
    assert output == [Frame(stdout=b"A"), Frame(stdout=b"B"), Frame(exitCode=7)]
    nodes.close()
    await running


async def test_a_stream_waits_for_an_agent_that_is_just_starting(nodes: NodeStreams) -> None:
    stream = nodes.open("n1", OPENING, frames(b"a"))
    first = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    running = asyncio.create_task(agent(nodes, "n1"))
    assert await first == Frame(stdout=b"A")
    await stream.aclose()
    nodes.close()
    await running


async def test_a_node_without_agent_is_an_error_after_a_while(nodes: NodeStreams) -> None:
    with pytest.raises(errors.ServiceUnavailable, match='node "n1" is not connected'):
        await anext(nodes.open("n1", OPENING, None))
    assert not nodes._waiting


async def test_an_agent_that_does_not_attach_is_an_error_too(nodes: NodeStreams) -> None:
    async with aclosing(nodes.register("n1")) as wanted:
        asked = asyncio.create_task(anext(wanted))
        with pytest.raises(errors.ServiceUnavailable, match='node "n1" does not answer'):
            await anext(nodes.open("n1", OPENING, None))
        assert (await asked).open == OPENING


async def test_a_restarted_agent_takes_over_and_lets_the_old_call_go(nodes: NodeStreams) -> None:
    before = asyncio.create_task(agent(nodes, "n1"))
    await asyncio.sleep(0)
    after = asyncio.create_task(agent(nodes, "n1"))
    await before
    assert [frame async for frame in nodes.open("n1", OPENING, frames())] == [Frame(exitCode=7)]
    nodes.close()
    await after


async def test_an_agent_that_dies_ends_the_stream_with_an_error(nodes: NodeStreams) -> None:
    async def attach_and_die() -> None:
        async with aclosing(nodes.register("n1")) as wanted:
            request = await anext(wanted)
        async with aclosing(nodes.attach(request.id, forever())) as to_pod:
            await anext(to_pod)

    dying = asyncio.create_task(attach_and_die())
    await asyncio.sleep(0)
    with pytest.raises(errors.ServiceUnavailable, match='node "n1" went away'):
        await anext(nodes.open("n1", OPENING, frames(b"a")))
    await dying


async def test_a_client_that_leaves_ends_the_agents_call(nodes: NodeStreams) -> None:
    wanted = nodes.register("n1")
    request = asyncio.create_task(anext(wanted))
    stream = nodes.open("n1", OPENING, forever())
    reading = asyncio.create_task(anext(stream))
    attached = nodes.attach((await request).id, forever())
    to_pod = asyncio.create_task(anext(attached, None))
    await asyncio.sleep(0)
    reading.cancel()
    assert await to_pod is None
    await wanted.aclose()


async def test_an_agent_that_leaves_behind_the_exit_code_did_its_duty(nodes: NodeStreams) -> None:
    async def attach_and_leave() -> None:
        async with aclosing(nodes.register("n1")) as wanted:
            request = await anext(wanted)
        ended: asyncio.Queue[Frame] = asyncio.Queue()
        ended.put_nowait(END_OF_INPUT)
        async with aclosing(nodes.attach(request.id, pod(ended))) as to_pod:
            await anext(to_pod)

    leaving = asyncio.create_task(attach_and_leave())
    await asyncio.sleep(0)
    assert [frame async for frame in nodes.open("n1", OPENING, frames(b"a"))] == [Frame(exitCode=7)]
    await leaving


async def test_an_unknown_stream_is_refused(nodes: NodeStreams) -> None:
    with pytest.raises(errors.BadRequest, match='nobody waits for the stream "x"'):
        await anext(nodes.attach("x", forever()))


async def test_a_full_pipe_holds_its_writer_up_until_somebody_reads() -> None:
    pipe = Pipe()
    for _ in range(CAPACITY):
        await pipe.send(Frame(stdout=b"x"))
    waiting = asyncio.create_task(pipe.send(Frame(stdout=b"last")))
    await asyncio.sleep(0)
    assert not waiting.done()
    await anext(pipe)
    await waiting
    pipe.close()
    assert [frame.stdout async for frame in pipe][-1] == b"last"
    with pytest.raises(PipeClosed):
        await pipe.send(Frame())


async def test_a_writer_that_waits_for_a_closed_pipe_is_told() -> None:
    pipe = Pipe()
    for _ in range(CAPACITY):
        await pipe.send(Frame())
    waiting = asyncio.create_task(pipe.send(Frame()))
    await asyncio.sleep(0)
    pipe.close()
    with pytest.raises(PipeClosed):
        await waiting


def pod_object(name: str, node: str) -> core_pb2.Pod:
    new = core_pb2.Pod()
    new.metadata.name, new.metadata.namespace, new.spec.nodeName = name, "default", node
    new.spec.containers.add(name="c", image="echo")
    return new


async def test_the_api_finds_the_pods_node(cluster: Cluster) -> None:
    await cluster.client.create(pod_object("p", "n1"))
    running = asyncio.create_task(agent(cluster.nodes, "n1"))
    opening = api_pb2.ExecOpen(namespace="default", pod="p", command=["shout"])
    output = [frame async for frame in cluster.client.exec(opening, frames(b"a"))]
    assert output == [Frame(stdout=b"A"), Frame(exitCode=7)]
    cluster.nodes.close()
    await running


async def test_pods_that_cannot_be_reached_say_why(cluster: Cluster) -> None:
    await cluster.client.create(pod_object("waits", ""))
    with pytest.raises(client_errors.BadRequest, match="pod waits does not have a host assigned"):
        await anext(cluster.client.logs(api_pb2.LogsRequest(namespace="default", pod="waits")))
    with pytest.raises(client_errors.NotFound, match='pods "nope" not found'):
        await anext(cluster.client.logs(api_pb2.LogsRequest(namespace="default", pod="nope")))
