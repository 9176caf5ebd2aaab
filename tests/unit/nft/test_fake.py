"""FakeNft keeps the same promises as the kernel (tests/kernel/nft), and can be told to refuse."""

import pytest

from node_agent.nft.fake import FakeNft
from node_agent.nft.kernel import NftError
from node_agent.nft.transaction import ReplaceTable, Transaction
from tests.kernel.nft import contract


@pytest.mark.parametrize("name", contract.PROMISES)
def test_contract(name: str) -> None:
    contract.PROMISES[name](FakeNft())


def test_refusals_change_nothing() -> None:
    nft = FakeNft()
    contract.made(nft)
    before = nft.dump()
    nft.refusals = 1
    with pytest.raises(NftError):
        nft.run(Transaction([contract.add(n2="20")]))
    assert nft.dump() == before
    nft.run(Transaction([contract.add(n2="20")]))
    assert nft.dump() != before


def test_a_dump_does_not_tell_how_it_came_about() -> None:
    one, other = FakeNft(), FakeNft()
    for nft, keys in ((one, ("2", "3")), (other, ("3", "2"))):
        nft.run(Transaction([ReplaceTable(contract.TABLE)]))
        for key in keys:
            nft.run(Transaction([contract.add(**{f"n{key}": key})]))
    assert one.dump() == other.dump()
