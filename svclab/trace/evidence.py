"""What a packet left behind: the answer that its client got, and what each machine saw of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Flow = tuple[int, str, int, str, int]  # protocol, source and port, destination and port


@dataclass(frozen=True)
class Entry:
    """A conntrack entry from the side of the answer: who answers, and to whom."""

    answers: tuple[str, int]
    to: tuple[str, int]
    source_translated: bool
    destination_translated: bool


@dataclass(frozen=True)
class Seen:
    """One packet on one machine: the chains that it passed, the one that dropped it, conntrack's entry."""

    node: str
    flow: Flow
    chains: tuple[str, ...] = ()
    dropped: str = ""
    entry: Entry | None = None


@dataclass(frozen=True)
class Sent:
    """What the client tells: how it ended, from where to where; addresses and name if it looked one up."""

    outcome: str
    source: tuple[str, int] = ("", 0)
    destination: tuple[str, int] = ("", 0)
    addresses: tuple[str, ...] = ()
    canonical: str = ""


def seen_rows(node: str, rows: Iterable[Mapping[str, Any]]) -> list[Seen]:
    """What the program observe.py printed on a machine."""
    return [
        Seen(
            node,
            tuple(row["flow"]),  # JSON has no tuples
            tuple(row["chains"]),
            row["dropped"],
            _entry(row["entry"]) if row["entry"] else None,
        )
        for row in rows
    ]


def _entry(row: Mapping[str, Any]) -> Entry:
    answers, to = tuple(row["answers"]), tuple(row["to"])
    return Entry(answers, to, row["source_translated"], row["destination_translated"])


def sent_row(row: Mapping[str, Any], port: int) -> Sent:
    """What the program probe.py printed of one probe."""
    source = row.get("source", ("", 0))
    destination = (str(row.get("destination", "")), port)
    addresses = tuple(row.get("addresses", ()))
    return Sent(row["outcome"], (source[0], source[1]), destination, addresses, row.get("canonical", ""))
