import pytest

from svclab.client import Target


@pytest.mark.parametrize("text", ["unix:/run/api.sock", "127.0.0.1:6443", "[::1]:6443", "api.example:1"])
def test_a_good_address_is_kept_as_it_is(text: str) -> None:
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize("text", ["", "unix:api.sock", "localhost", "localhost:", ":6443", "localhost:0", "h:70000"])
def test_a_bad_address_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=f'^server "{text}": '):
        Target.parse(text)


def test_only_a_unix_address_has_a_socket() -> None:
    assert Target.parse("unix:/run/api.sock").socket == "/run/api.sock"
    assert Target.parse("localhost:1").socket is None
