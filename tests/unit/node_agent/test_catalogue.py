import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.images import catalogue
from node_agent.images.catalogue import IMAGES, Image, InvalidImageName, UnknownImage, find

REGISTRIES = st.sampled_from(
    ["", "docker.io/library/", "registry.k8s.io/e2e-test-images/", "localhost:5000/", "svclab/"]
)
TAGS = st.sampled_from(["", ":latest", ":1.25-alpine", ":v2.40", "@sha256:" + "0" * 64, ":3.10@sha256:" + "a" * 64])


@given(REGISTRIES, st.sampled_from(sorted(IMAGES)), TAGS)
def test_registry_and_tag_do_not_matter(registry: str, name: str, tag: str) -> None:
    assert find(registry + name + tag) == IMAGES[name]


def test_an_unknown_image_is_told_what_there_is() -> None:
    with pytest.raises(UnknownImage, match=r'"quay.io/a/postgres:12".*agnhost.*nginx'):
        find("quay.io/a/postgres:12")


@pytest.mark.parametrize("text", ["", "Nginx", "nginx:", "a//b", "nginx tag", "-x"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidImageName):
        find(text)


def test_additions_are_found() -> None:
    mine = Image(entrypoint=("mine",))
    assert find("registry/mine:1", {"mine": mine}) == mine


def test_command_and_args_as_in_kubernetes() -> None:
    image = Image(entrypoint=("entry",), cmd=("a", "b"), says_listening=True)
    assert image.program([], []).argv == ("entry", "a", "b")
    assert image.program([], ["c"]).argv == ("entry", "c")
    assert image.program(["other"], []).argv == ("other",)
    assert image.program(["other"], ["c"]).argv == ("other", "c")


def test_only_the_own_entrypoint_says_that_it_listens() -> None:
    image = IMAGES["agnhost"]
    assert image.program([], ["netexec"]).says_listening
    assert not image.program(["sh"], ["-c", "exit"]).says_listening
    renamed = image.program(["/agnhost", "netexec"], ["--http-port=80"])
    assert renamed.says_listening
    assert renamed.argv[-2:] == ("netexec", "--http-port=80")


def test_every_program_of_ours_exists() -> None:
    for image in IMAGES.values():
        if image.says_listening:
            program = image.entrypoint[image.entrypoint.index(f"{catalogue.INSIDE}/node_agent/images/programs") + 1]
            assert (catalogue.PACKAGE / "images" / "programs" / f"{program}.py").is_file()
