"""Lists: which objects, as of when, and in which pages."""

import pytest

from protos import kinds
from svclab.client import Page, errors
from tests.unit.server.conftest import Cluster

MAPS = kinds.CONFIG_MAPS


def names(page: Page) -> list[str]:
    return [item.metadata.name for item in page.items]


async def test_a_list_is_sorted_and_carries_its_revision(cluster: Cluster) -> None:
    for name in ("b", "a", "c"):
        last = await cluster.config_map(name)
    await cluster.config_map("other", "kube-system")
    page = await cluster.client.list(MAPS, "default")
    assert names(page) == ["a", "b", "c"]
    assert names(await cluster.client.list(MAPS)) == ["a", "b", "c", "other"]
    assert page.resource_version == str(cluster.store.revision)
    assert page.items[2].metadata.resourceVersion == last.metadata.resourceVersion


async def test_pages_are_one_snapshot(cluster: Cluster) -> None:
    for name in "abcde":
        await cluster.config_map(name)
    first = await cluster.client.list(MAPS, "default", limit=2)
    assert (names(first), first.remaining) == (["a", "b"], 3)
    await cluster.client.delete(MAPS, "c", "default")
    await cluster.config_map("bb")
    second = await cluster.client.list(MAPS, "default", limit=2, continue_token=first.continue_token)
    assert (names(second), second.remaining) == (["c", "d"], 1)
    last = await cluster.client.list(MAPS, "default", limit=2, continue_token=second.continue_token)
    assert (names(last), last.continue_token, last.remaining) == (["e"], "", None)
    assert first.resource_version == second.resource_version == last.resource_version


async def test_a_page_that_takes_all_has_no_next(cluster: Cluster) -> None:
    for name in "ab":
        await cluster.config_map(name)
    page = await cluster.client.list(MAPS, "default", limit=2)
    assert (names(page), page.continue_token) == (["a", "b"], "")


async def test_a_token_older_than_the_history_offers_an_inconsistent_rest(cluster: Cluster) -> None:
    for name in "abcd":
        await cluster.config_map(name)
    first = await cluster.client.list(MAPS, "default", limit=2)
    await cluster.config_map("c1")
    await cluster.store.compact(cluster.store.revision)
    with pytest.raises(errors.Expired, match="The provided continue parameter is too old") as caught:
        await cluster.client.list(MAPS, "default", limit=2, continue_token=first.continue_token)
    token = getattr(caught.value.status.metadata, "continue")
    assert names(await cluster.client.list(MAPS, "default", continue_token=token)) == ["c", "c1", "d"]


async def test_selectors_choose_and_fill_pages(cluster: Cluster) -> None:
    for number in range(6):
        await cluster.config_map(f"m{number}", env="prod" if number % 2 else "dev")
    await cluster.config_map("bare")
    client = cluster.client
    assert names(await client.list(MAPS, "default", label_selector="env=prod")) == ["m1", "m3", "m5"]
    assert names(await client.list(MAPS, "default", label_selector="env!=prod")) == ["bare", "m0", "m2", "m4"]
    assert names(await client.list(MAPS, "default", field_selector="metadata.name=m4")) == ["m4"]
    page = await client.list(MAPS, "default", label_selector="env=prod", limit=2)
    assert (names(page), page.remaining) == (["m1", "m3"], None)
    rest = await client.list(MAPS, "default", label_selector="env=prod", limit=2, continue_token=page.continue_token)
    assert (names(rest), rest.continue_token) == (["m5"], "")


async def test_exactly_at_a_revision_is_the_past(cluster: Cluster) -> None:
    then = (await cluster.config_map("a")).metadata.resourceVersion
    await cluster.config_map("b")
    client = cluster.client
    page = await client.list(MAPS, "default", resource_version=then, resource_version_match="Exact")
    assert (names(page), page.resource_version) == (["a"], then)
    for match in ("", "NotOlderThan"):
        newer = await client.list(MAPS, "default", resource_version=then, resource_version_match=match)
        assert names(newer) == ["a", "b"]
    await cluster.store.compact(cluster.store.revision)
    with pytest.raises(errors.Expired):
        await client.list(MAPS, "default", resource_version=then, resource_version_match="Exact")


async def test_a_revision_that_never_was_times_out(cluster: Cluster) -> None:
    for match in ("", "NotOlderThan", "Exact"):
        with pytest.raises(errors.Timeout, match=r"Timeout: Too large resource version: 999, current: \d+"):
            await cluster.client.list(MAPS, resource_version="999", resource_version_match=match)
    with pytest.raises(errors.Timeout):
        await cluster.client.get(kinds.NAMESPACES, "default", resource_version="999")


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"resource_version": "new"}, 'invalid resource version "new"'),
        ({"resource_version": "-1"}, "invalid resource version"),
        ({"resource_version": "9" * 30}, "invalid resource version"),
        ({"continue_token": "!!"}, "continue key is not valid"),
        ({"continue_token": "e30"}, "continue key is not valid"),
        ({"continue_token": "W10"}, "continue key is not valid"),
        ({"resource_version": "1", "continue_token": "e30"}, "not allowed when using continue"),
        ({"resource_version_match": "Exact"}, "forbidden without a resourceVersion"),
        ({"resource_version_match": "Newest"}, "supported values"),
        ({"field_selector": "spec.foo=1"}, "field label not supported: spec.foo"),
        ({"label_selector": "a in ("}, "unable to parse requirement"),
    ],
)
async def test_nonsense_is_a_bad_request(cluster: Cluster, selection: dict[str, str], message: str) -> None:
    with pytest.raises(errors.BadRequest, match=message):
        await cluster.client.list(MAPS, **selection)  # type: ignore[arg-type]


async def test_a_get_names_what_is_missing(cluster: Cluster) -> None:
    with pytest.raises(errors.NotFound, match='configmaps "nope" not found'):
        await cluster.client.get(MAPS, "nope", "default")
    with pytest.raises(errors.BadRequest, match="resource name may not be empty"):
        await cluster.client.get(MAPS, "", "default")
    with pytest.raises(errors.BadRequest, match="an empty namespace may not be set"):
        await cluster.client.get(MAPS, "nope")
