"""Batches of datagrams over the loopback device."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from cluster_dns import datagrams
from cluster_dns.datagrams import BATCH, SIZE, Datagrams


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["ipv4", "ipv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, list[socket.socket]]]:
    """A server's socket, and three connected clients' sockets."""
    family, host = request.param
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        try:
            server.bind((host, 0))
        except OSError as error:
            pytest.skip(f"no address {host}: {error}")
        clients = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(3)]
        for client in clients:
            client.connect(server.getsockname())
            client.settimeout(5)
        yield server, clients
        for client in clients:
            client.close()


def test_each_client_gets_the_answers_to_its_own(pair: tuple[socket.socket, list[socket.socket]]) -> None:
    server, clients = pair
    many = Datagrams(server)
    for number in range(30):
        clients[number % 3].send(b"%d" % number)
    received = many.receive()
    assert received == [b"%d" % number for number in range(30)]
    assert [many.client(number) for number in range(3)] == [client.getsockname() for client in clients]
    many.reply([(number, b"re " + packet) for number, packet in enumerate(received) if number != 4])
    for number in range(30):
        if number != 4:
            assert clients[number % 3].recv(100) == b"re %d" % number


def test_more_than_a_batch_is_read_in_several(pair: tuple[socket.socket, list[socket.socket]]) -> None:
    server, (client, *_) = pair
    many = Datagrams(server)
    for _ in range(BATCH + 5):
        client.send(b"x")
    assert [len(many.receive()) for _ in range(3)] == [BATCH, 5, 0]
    many.reply([])


def test_sizes_from_nothing_to_the_longest(pair: tuple[socket.socket, list[socket.socket]]) -> None:
    server, (client, *_) = pair
    many = Datagrams(server)
    for size in (0, 1, SIZE, SIZE + 1):
        client.send(b"x" * size)
    received = many.receive()
    assert [len(packet) for packet in received] == [0, 1, SIZE, SIZE]
    many.reply(list(enumerate(received)))
    assert [len(client.recv(2 * SIZE)) for _ in received] == [0, 1, SIZE, SIZE]


def test_an_answer_that_cannot_be_sent_is_lost_alone(
    pair: tuple[socket.socket, list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, (client, *_) = pair
    many = Datagrams(server)
    for number in range(4):
        client.send(b"%d" % number)
    received = many.receive()
    real, results = datagrams._libc.sendmmsg, iter([1, -1])

    def sendmmsg(fd: int, headers: object, count: int, flags: int) -> int:
        """Sends the first one, fails with the second one, sends the others."""
        result = next(results, count)
        return int(real(fd, headers, result, flags)) if result > 0 else result

    monkeypatch.setattr(datagrams, "_libc", SimpleNamespace(sendmmsg=sendmmsg))
    many.reply(list(enumerate(received)))
    assert [client.recv(10) for _ in range(3)] == [b"0", b"2", b"3"]
