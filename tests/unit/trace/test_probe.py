"""The packets that `svclab trace --send` makes itself."""

import errno
import socket

import pytest

from svclab.trace.programs.probe import SCTP_HEADER, crc32c, sctp_init, sctp_result


def test_the_checksum_is_that_of_rfc_3720() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_an_init_has_its_ports_and_a_checksum_over_all_of_it() -> None:
    packet = sctp_init(40000, 7)
    source, destination, tag, checksum = SCTP_HEADER.unpack_from(packet)
    assert (source, destination, tag) == (40000, 7, 0)
    unsigned = packet[:8] + bytes(4) + packet[12:]
    assert checksum.to_bytes(4, "big") == crc32c(unsigned).to_bytes(4, "little")
    assert int.from_bytes(packet[14:16], "big") == len(packet) - SCTP_HEADER.size


@pytest.mark.parametrize(
    ("chunk", "port", "result"), [(2, 40000, 0), (6, 40000, errno.ECONNREFUSED), (2, 40001, None), (6, 40001, None)]
)
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_answers_are_those_to_the_own_port(family: socket.AddressFamily, chunk: int, port: int, result: int) -> None:
    packet = SCTP_HEADER.pack(7, 40000, 1, 0) + bytes([chunk, 0, 0, 4])
    header = b"\x45" + bytes(19) if family == socket.AF_INET else b""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        assert sctp_result(sock, header + packet, port) == result
