"""The text that nft reads."""

import pytest

from node_agent.nft import transaction
from node_agent.nft.objects import Chain, Hook, Set, Table
from node_agent.nft.transaction import (
    AddElements,
    DeleteElements,
    DeleteTable,
    PutChains,
    RefillTable,
    ReplaceTable,
    Transaction,
)

SETS = (
    Set("allowed", "ipv4_addr", flags=("interval",)),
    Set("affinity", "mark", "mark", ("dynamic", "timeout"), 100, "3h"),
)
CHAINS = (Chain("pre", ("accept",), Hook("nat", "prerouting", -100)), Chain("plain", ("drop",)))
TABLE = Table("ip", "t", SETS, CHAINS, {"allowed": {"10.0.0.0/8": "", "11.0.0.1": ""}})

SETS_TEXT = """\
set allowed {
  type ipv4_addr;
  flags interval;
}
map affinity {
  type mark : mark;
  flags dynamic,timeout;
  timeout 3h;
  size 100;
}
"""
CHAINS_TEXT = """\
chain pre {
  type nat hook prerouting priority -100;
  accept
}
chain plain {
  drop
}
"""
EMPTY_CHAINS_TEXT = """\
chain pre {
  type nat hook prerouting priority -100;
}
chain plain {
}
"""
ELEMENTS_TEXT = "add element ip t allowed { 10.0.0.0/8, 11.0.0.1 }\n"


def test_replace() -> None:
    text = Transaction([ReplaceTable(TABLE)]).text()
    made = f"table ip t {{\n{SETS_TEXT}{CHAINS_TEXT}}}\n"
    assert text == f"add table ip t\ndelete table ip t\n{made}{ELEMENTS_TEXT}"


def test_refill_declares_empties_and_fills() -> None:
    text = Transaction([RefillTable(TABLE, kept=("affinity",))]).text()
    declared = f"table ip t {{\n{SETS_TEXT}{EMPTY_CHAINS_TEXT}}}\n"
    emptied = "flush table ip t\nflush set ip t allowed\n"
    assert text == f"{declared}{emptied}table ip t {{\n{CHAINS_TEXT}}}\n{ELEMENTS_TEXT}"


def test_elements_and_chains() -> None:
    changes = Transaction().add(
        PutChains("ip", "t", (CHAINS[1],)),
        AddElements("ip", "t", "m", {'1.2.3.4 comment "a/b"': "5"}),
        DeleteElements("ip", "t", "m", ("1.2.3.5", "1.2.3.6")),
        DeleteTable("ip6", "t"),
    )
    assert changes.text() == (
        "add chain ip t plain\nflush chain ip t plain\ntable ip t {\nchain plain {\n  drop\n}\n}\n"
        'add element ip t m { 1.2.3.4 comment "a/b" : 5 }\n'
        "delete element ip t m { 1.2.3.5, 1.2.3.6 }\n"
        "add table ip6 t\ndelete table ip6 t\n"
    )


def test_many_elements_are_several_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "ELEMENTS_A_COMMAND", 2)
    text = Transaction([DeleteElements("ip", "t", "s", ("1", "2", "3"))]).text()
    assert text == "delete element ip t s { 1, 2 }\ndelete element ip t s { 3 }\n"


def test_nothing_is_false() -> None:
    assert not Transaction()
    assert Transaction([DeleteTable("ip", "t")])
