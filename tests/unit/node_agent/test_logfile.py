from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.shim.logfile import PIECE, LineCutter, LogFile, timestamp
from node_agent.streams.logs import LogReader, parse, select, why_none
from protos import api_pb2
from protos.kubernetes import core_pb2


class Memory(LogFile):
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[bytes, bool]] = []

    def write(self, stamp: str, stream: str, line: bytes, *, whole: bool) -> None:
        self.lines.append((line, whole))


@given(st.lists(st.binary(max_size=50).map(lambda data: data.replace(b"x", b"\n")), max_size=20))
def test_what_is_written_comes_out_whole_however_it_is_cut(chunks: list[bytes]) -> None:
    memory = Memory()
    cutter = LineCutter(memory, "stdout")
    for chunk in chunks:
        cutter.feed(chunk, 0)
    cutter.finish(0)
    assert b"".join(line + (b"\n" if whole else b"") for line, whole in memory.lines) == b"".join(chunks)


def test_a_long_line_is_cut_into_pieces() -> None:
    memory = Memory()
    cutter = LineCutter(memory, "stdout")
    cutter.feed(b"a" * (PIECE * 2 + 5) + b"\n", 0)
    assert [(len(line), whole) for line, whole in memory.lines] == [(PIECE, False), (PIECE, False), (5, True)]


def test_timestamps_have_nanoseconds() -> None:
    assert timestamp(1_700_000_000_000_000_007) == "2023-11-14T22:13:20.000000007Z"


def filled(path: Path, texts: list[str], limit: int = 1 << 20) -> LogFile:
    log = LogFile(str(path), limit)
    for index, text in enumerate(texts):
        log.write(timestamp((100 + index) * 10**9), "stdout", text.encode(), whole=True)
    return log


def test_a_reader_goes_through_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    filled(path, ["one"]).close()
    reader = LogReader(path)
    assert [line.text for line in reader.lines()] == [b"one\n"]
    log = filled(path, [f"line {number}" for number in range(3)], limit=100)
    assert [line.text for line in reader.lines()] == [b"line 0\n", b"line 1\n", b"line 2\n"]
    assert (tmp_path / "0.log.1").exists()
    log.close()
    reader.close()


def test_tail_and_since(tmp_path: Path) -> None:
    filled(tmp_path / "0.log", ["a", "b", "c", "d"]).close()

    def lines(**wanted: int) -> list[bytes]:
        reader = LogReader(tmp_path / "0.log")
        found = select(reader.lines(), api_pb2.LogsRequest(**wanted), now=110.0)  # type: ignore[arg-type]
        reader.close()
        return [line.text for line in found]

    assert lines(tailLines=2) == [b"c\n", b"d\n"]
    assert lines(tailLines=0) == []
    assert lines(tailLines=99) == [b"a\n", b"b\n", b"c\n", b"d\n"]
    assert lines(sinceSeconds=8) == [b"c\n", b"d\n"]


def test_what_is_no_record_is_left_out() -> None:
    assert parse(b"") is None
    assert parse(b"2023-11-14T22:13:20Z stdout F a b") is not None


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("PodInitializing", "PodInitializing"),
        ("ErrImagePull", "image can't be pulled"),
        ("ImagePullBackOff", "trying and failing to pull image"),
    ],
)
def test_a_container_without_a_log_says_why(reason: str, text: str) -> None:
    waiting = core_pb2.ContainerState(waiting=core_pb2.ContainerStateWaiting(reason=reason))
    status = core_pb2.PodStatus(containerStatuses=[core_pb2.ContainerStatus(name="main", state=waiting)])
    assert why_none("web", "main", status) == f'container "main" in pod "web" is waiting to start: {text}'
    assert why_none("web", "other", status) == "container other is not valid for pod web"
