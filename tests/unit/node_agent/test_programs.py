from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.images.programs import echo, flags, http, liveness, static
from node_agent.images.programs.http import Request, Response, cut_request, encode
from node_agent.images.programs.serving import client_text

CLIENT = "10.244.2.2:40000"


def request(target: str) -> Request:
    found, rest = cut_request(f"GET {target} HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n".encode())
    assert found is not None and rest == b""
    return found


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
def test_requests_are_cut_one_after_the_other(bodies: list[bytes]) -> None:
    data = b"".join(b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body for body in bodies)
    found = []
    while data:
        one, data = cut_request(data)
        assert one is not None
        found.append(one.body)
    assert found == bodies


@given(st.integers(0, 70))
def test_an_incomplete_request_is_waited_for(length: int) -> None:
    whole = b"POST /a?b=c HTTP/1.1\r\nHost: example\r\nContent-Length: 4\r\n\r\nbody"
    part = whole[: min(length, len(whole) - 1)]
    assert cut_request(part) == (None, part)


@given(st.text())
def test_percent_decoding_undoes_encoding(text: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
    assert http.unquote(encoded) == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(("text", "decoded"), [("a+b", "a b"), ("100%", "100%"), ("%zz", "%zz"), ("%41", "A")])
def test_odd_queries(text: str, decoded: str) -> None:
    assert http.parse_query(f"q={text}") == {"q": decoded}


def test_connections_are_kept_unless_somebody_wants_an_end() -> None:
    assert request("/").keep_alive
    closing, _ = cut_request(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    old, _ = cut_request(b"GET / HTTP/1.0\r\n\r\n")
    assert closing and not closing.keep_alive and old and not old.keep_alive
    assert b"Connection: close" in encode(Response(), closing)


def test_head_has_no_body() -> None:
    head, _ = cut_request(b"HEAD / HTTP/1.1\r\n\r\n")
    answer = encode(Response(b"text"), head)
    assert b"Content-Length: 4" in answer and answer.endswith(b"\r\n\r\n")


def test_what_begins_like_http() -> None:
    assert http.looks_like_http(b"GE") and http.looks_like_http(b"GET / HTTP/1.1\r\n")
    assert not http.looks_like_http(b"hostname\n") and not http.looks_like_http(b"GET lost\n")


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/echo?msg=hello%20there", 200, b"hello there"),
        ("/echo?msg=x&code=503", 503, b"x"),
        ("/clientip", 200, CLIENT.encode()),
        ("/healthz", 200, b""),
        ("/header?key=X-A", 200, b"b"),
        ("/none", 404, b"no such path: /none\n"),
        ("/echo?code=nine", 400, b"invalid literal for int() with base 10: 'nine'\n"),
    ],
)
def test_netexec_paths(target: str, status: int, body: bytes) -> None:
    response = echo.respond(request(target), CLIENT)
    assert (response.status, response.body) == (status, body)


def test_the_front_page_tells_who_and_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, value in {"POD": "web-1", "NAMESPACE": "ns", "NODE": "node-1", "IP": "10.244.1.2"}.items():
        monkeypatch.setenv(f"SVCLAB_{kind}", value)
    text = echo.respond(request("/"), CLIENT).body.decode()
    assert text == f"pod: web-1\nnamespace: ns\nnode: node-1\nip: 10.244.1.2\nclient: {CLIENT}\n"
    assert echo.answer("hello", CLIENT) == f"pod=web-1 namespace=ns node=node-1 ip=10.244.1.2 client={CLIENT}"


def test_netexec_datagrams() -> None:
    assert echo.answer("clientip", CLIENT) == CLIENT
    assert echo.answer("echo a b", CLIENT) == "a b"


def test_exit_ends_the_program() -> None:
    assert echo.respond(request("/exit?code=4"), CLIENT).exit_code == 4


def test_client_addresses_are_shown_without_their_mapping() -> None:
    assert client_text(("::ffff:10.0.0.1", 5)) == "10.0.0.1:5"
    assert client_text(("fd00::1", 5)) == "[fd00::1]:5"


def test_flags_in_every_form_of_gos() -> None:
    defaults = {"http-port": "8080", "text": "", "tcp": "false"}
    assert flags.parse(["--http-port=1", "-text", "a b", "--tcp"], defaults) == {
        "http-port": "1",
        "text": "a b",
        "tcp": "true",
    }
    with pytest.raises(ValueError, match="--nonesuch"):
        flags.parse(["--nonesuch=1"], defaults)
    assert flags.numbers("80,-1,8080") == [80, 8080]


def test_files_stay_inside_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "html"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "index.html").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    assert static.page(str(folder), "Welcome", "/sub/").body == b"inside"
    assert static.page(str(folder), "Welcome", "/../secret").status == 404
    assert b"Welcome" in static.page(str(folder), "Welcome", "/").body
    (folder / "link").symlink_to(tmp_path / "secret")
    assert static.page(str(folder), "Welcome", "/link").status == 404


def test_liveness_ends_after_ten_seconds() -> None:
    times = iter([100.0, 110.0, 110.5, 111.0])
    respond = liveness.responder(lambda: next(times))
    assert respond(request("/healthz"), CLIENT) == Response.text("ok")
    assert respond(request("/healthz"), CLIENT) == Response.text("error: 10.5", 500)
    assert respond(request("/started"), CLIENT).body == b"11.000000000s"
