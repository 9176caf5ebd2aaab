"""Instants, durations, quantities: texts both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos import quantities, timestamps
from protos.kubernetes.meta_pb2 import Duration, MicroTime, Time


def test_times() -> None:
    moment = timestamps.parse_time("2006-01-02T15:04:05.999+07:00")
    assert moment == Time(seconds=1136189045)
    assert timestamps.format_time(moment) == "2006-01-02T08:04:05Z"
    assert timestamps.time(1.9) == Time(seconds=1)
    assert timestamps.micro_time(1.5) == MicroTime(seconds=1, nanos=500_000_000)
    assert (
        timestamps.format_micro_time(timestamps.parse_micro_time("2006-01-02T08:04:05.1Z"))
        == "2006-01-02T08:04:05.100000Z"
    )
    assert timestamps.seconds(MicroTime(seconds=2, nanos=500_000_000)) == 2.5
    assert timestamps.format_nanoseconds(1_500_000_000) == "1970-01-01T00:00:01.5Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2006-01-02", "2006-13-02T00:00:00Z", "2006-01-02T15:04:05"])
def test_texts_that_are_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="parsing time"):
        timestamps.parse_time(text)


DURATIONS = [
    (0, "0s"),
    (1, "1ns"),
    (1500, "1.5µs"),
    (250 * 10**6, "250ms"),
    (90 * 10**9, "1m30s"),
    (3600 * 10**9, "1h0m0s"),
    (3_723_500_000_000, "1h2m3.5s"),
    (-(10**9), "-1s"),
]


@pytest.mark.parametrize(("nanoseconds", "text"), DURATIONS)
def test_durations(nanoseconds: int, text: str) -> None:
    assert timestamps.format_duration(Duration(duration=nanoseconds)) == text
    assert timestamps.parse_duration(text) == Duration(duration=nanoseconds)


@given(st.integers(-(2**60), 2**60))
def test_every_duration_comes_back(nanoseconds: int) -> None:
    duration = Duration(duration=nanoseconds)
    assert timestamps.parse_duration(timestamps.format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1s ", "1.2.3s"])
def test_texts_that_are_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        timestamps.parse_duration(text)


QUANTITIES = [
    ("1000m", "1"),
    ("0.5", "500m"),
    ("1024Mi", "1Gi"),
    ("1536Mi", "1536Mi"),
    ("1500", "1500"),
    ("2000", "2k"),
    ("1e3", "1e3"),
    ("12e2", "1200"),
    ("0", "0"),
    ("0.0000000001", "1n"),
    ("+1", "1"),
    ("-1.5Gi", "-1536Mi"),
    ("0.5Ki", "512"),
]


@pytest.mark.parametrize(("text", "canonical"), QUANTITIES)
def test_quantities(text: str, canonical: str) -> None:
    assert quantities.canonical(text) == canonical


@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "e3", "e0"]))
def test_canonical_quantities_mean_the_same(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    canonical = quantities.canonical(text)
    assert quantities.parse(canonical) == quantities.parse(text)
    assert quantities.canonical(canonical) == canonical


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1KiB", "--1", "1e", "Gi"])
def test_texts_that_are_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        quantities.parse(text)
