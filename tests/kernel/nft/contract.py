"""What the kernel does with transactions, and what FakeNft must do as well: one function for each promise.

`contract.py NAME...` tries them on the kernel of the network namespace that it stands in.
"""

import sys
import traceback
from collections.abc import Callable
from dataclasses import replace

from node_agent.nft.kernel import KernelNft, Nft, NftError
from node_agent.nft.objects import Chain, Hook, Set, Table
from node_agent.nft.transaction import (
    AddElements,
    Change,
    DeleteElements,
    DeleteTable,
    PutChains,
    RefillTable,
    ReplaceTable,
    Transaction,
)

VERDICTS = Set("verdicts", "ipv4_addr . inet_proto . inet_service", "verdict")
NUMBERS = Set("numbers", "mark", "mark")
HOOK = Hook("filter", "prerouting", -110)
CHAINS = (Chain("reject-packet", ("reject with tcp reset",)), Chain("base", ("meta mark 0x7 accept",), HOOK))
TABLE = Table("ip", "contract", (VERDICTS, NUMBERS), CHAINS, {"numbers": {"1": "10"}})
KEY = "10.96.0.1 . tcp . 80"


def made(nft: Nft) -> Nft:
    nft.run(Transaction([ReplaceTable(TABLE)]))
    return nft


def numbers(nft: Nft) -> dict[str, str]:
    """Keys and values, whichever way they are told."""
    rows = nft.elements("ip", TABLE.name, "numbers")
    return {str(key): str(value) for key, value in rows}


def add(**rows: str) -> AddElements:
    return AddElements("ip", TABLE.name, "numbers", {key.strip("n"): value for key, value in rows.items()})


def delete(*keys: str) -> DeleteElements:
    return DeleteElements("ip", TABLE.name, "numbers", keys)


def refuses(nft: Nft, *changes: Change) -> None:
    try:
        nft.run(Transaction([*changes]))
    except NftError:
        return
    raise AssertionError(f"not refused: {changes}")


def an_empty_transaction_is_nothing(nft: Nft) -> None:
    nft.run(Transaction())


def a_value_changes_by_delete_and_add(nft: Nft) -> None:
    made(nft).run(Transaction([delete("1"), add(n1="11", n2="20")]))
    assert numbers(nft) == {"1": "11", "2": "20"}


def the_same_element_again_is_no_error(nft: Nft) -> None:
    made(nft).run(Transaction([add(n1="10")]))
    assert numbers(nft) == {"1": "10"}


def another_value_of_a_key_is_refused(nft: Nft) -> None:
    refuses(made(nft), add(n1="11"))
    assert numbers(nft) == {"1": "10"}


def what_is_not_there_cannot_be_deleted(nft: Nft) -> None:
    refuses(made(nft), delete("9"))


def all_or_nothing(nft: Nft) -> None:
    refuses(made(nft), add(n2="20"), delete("1"), delete("9"))
    assert numbers(nft) == {"1": "10"}


def sets_and_tables_must_be_there(nft: Nft) -> None:
    made(nft)
    refuses(nft, AddElements("ip", TABLE.name, "nowhere", {"1": "2"}))
    refuses(nft, AddElements("ip", "nowhere", "numbers", {"1": "2"}))
    refuses(nft, AddElements("ip6", TABLE.name, "numbers", {"1": "2"}))
    assert nft.elements("ip", TABLE.name, "nowhere") == []


def verdicts_lead_to_chains_that_are_there(nft: Nft) -> None:
    made(nft).run(Transaction([AddElements("ip", TABLE.name, "verdicts", {KEY: "goto reject-packet"})]))
    refuses(nft, AddElements("ip", TABLE.name, "verdicts", {"10.96.0.2 . tcp . 80": "goto nowhere"}))
    nft.run(
        Transaction([AddElements("ip", TABLE.name, "verdicts", {f'{KEY.replace("80", "81")} comment "a/b"': "drop"})])
    )
    nft.run(Transaction([DeleteElements("ip", TABLE.name, "verdicts", (KEY.replace("80", "81"),))]))


def rules_lead_to_chains_and_sets_that_are_there(nft: Nft) -> None:
    refuses(made(nft), PutChains("ip", TABLE.name, (Chain("new", ("goto nowhere",)),)))
    refuses(nft, PutChains("ip", TABLE.name, (Chain("new", ("meta mark vmap @nowhere",)),)))
    nft.run(Transaction([PutChains("ip", TABLE.name, (Chain("new", ("meta mark set meta mark map @numbers",)),))]))


def chains_can_be_put_twice_and_used_at_once(nft: Nft) -> None:
    made(nft)
    for rules in (("accept",), ("drop",)):
        nft.run(Transaction([PutChains("ip", TABLE.name, (Chain("new", rules),))]))
    nft.run(
        Transaction(
            [
                PutChains("ip", TABLE.name, (Chain("newer", ("accept",)),)),
                AddElements("ip", TABLE.name, "verdicts", {KEY: "goto newer"}),
            ]
        )
    )


def a_table_is_replaced_as_a_whole(nft: Nft) -> None:
    made(nft).run(Transaction([add(n2="20")]))
    nft.run(Transaction([ReplaceTable(replace(TABLE, sets=(NUMBERS,), elements={"numbers": {"3": "30"}}))]))
    assert numbers(nft) == {"3": "30"}
    refuses(nft, AddElements("ip", TABLE.name, "verdicts", {KEY: "drop"}))


def a_refilled_table_keeps_what_it_is_told_to_keep(nft: Nft) -> None:
    kept = Set("kept", "mark", "mark")
    table = replace(TABLE, sets=(*TABLE.sets, kept), elements={"numbers": {"1": "10"}, "kept": {"5": "50"}})
    nft.run(Transaction([RefillTable(table)]))  # where there was none
    nft.run(Transaction([add(n2="20"), AddElements("ip", TABLE.name, "verdicts", {KEY: "goto reject-packet"})]))
    again = replace(table, elements={"numbers": {"1": "11"}})
    nft.run(Transaction([RefillTable(again, kept=("kept",))]))
    assert numbers(nft) == {"1": "11"}
    assert nft.elements("ip", TABLE.name, "verdicts") == []
    assert len(nft.elements("ip", TABLE.name, "kept")) == 1
    nft.run(Transaction([RefillTable(again)]))
    assert nft.elements("ip", TABLE.name, "kept") == []


def a_table_of_another_kind_cannot_be_refilled(nft: Nft) -> None:
    made(nft)
    refuses(nft, RefillTable(replace(TABLE, sets=(Set("numbers", "ipv4_addr", "mark"),), elements={})))
    other_hook = Chain("base", (), Hook("filter", "prerouting", 5))
    refuses(nft, RefillTable(replace(TABLE, chains=(CHAINS[0], other_hook))))
    assert numbers(nft) == {"1": "10"}


def a_deleted_table_is_gone(nft: Nft) -> None:
    made(nft).run(Transaction([DeleteTable("ip", TABLE.name)]))
    assert nft.elements("ip", TABLE.name, "numbers") == []
    nft.run(Transaction([DeleteTable("ip", TABLE.name)]))  # and may be deleted again


def many_elements_in_one_command(nft: Nft) -> None:
    rows = {str(number): str(number) for number in range(2, 12_000)}
    made(nft).run(Transaction([AddElements("ip", TABLE.name, "numbers", rows)]))
    nft.run(Transaction([DeleteElements("ip", TABLE.name, "numbers", tuple(rows))]))
    assert numbers(nft) == {"1": "10"}


PROMISES: dict[str, Callable[[Nft], None]] = {
    found.__name__: found
    for found in (
        an_empty_transaction_is_nothing,
        a_value_changes_by_delete_and_add,
        the_same_element_again_is_no_error,
        another_value_of_a_key_is_refused,
        what_is_not_there_cannot_be_deleted,
        all_or_nothing,
        sets_and_tables_must_be_there,
        verdicts_lead_to_chains_that_are_there,
        rules_lead_to_chains_and_sets_that_are_there,
        chains_can_be_put_twice_and_used_at_once,
        a_table_is_replaced_as_a_whole,
        a_refilled_table_keeps_what_it_is_told_to_keep,
        a_table_of_another_kind_cannot_be_refilled,
        a_deleted_table_is_gone,
        many_elements_in_one_command,
    )
}


def main(wanted: list[str]) -> None:
    nft = KernelNft()
    for name in wanted:
        nft.run(Transaction([DeleteTable("ip", TABLE.name)]))
        try:
            PROMISES[name](nft)
        except Exception as error:
            traceback.print_exc()
            print(f"failed {name}: {type(error).__name__} {' '.join(str(error).split())[:300]}", flush=True)
        else:
            print(f"ok {name}", flush=True)
    nft.close()


if __name__ == "__main__":
    main(sys.argv[1:])
