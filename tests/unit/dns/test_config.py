"""Arguments, addresses and resolv.conf."""

import re
from pathlib import Path

import pytest

from cluster_dns.__main__ import config
from cluster_dns.config import Config, Endpoint, nameservers
from cluster_dns.main import run


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (":53", Endpoint("", 53)),
        ("10.0.0.1", Endpoint("10.0.0.1", 53)),
        ("10.0.0.1:5353", Endpoint("10.0.0.1", 5353)),
        ("::1", Endpoint("::1", 53)),
        ("[::1]", Endpoint("::1", 53)),
        ("[::1]:5353", Endpoint("::1", 5353)),
    ],
)
def test_addresses(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text) == endpoint


@pytest.mark.parametrize("text", ["example.com", "10.0.0.1:x", "10.0.0.1:65536", "[::1]:-1", "10.0.0.256:53"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Endpoint.parse(text)


def test_nameservers_of_a_resolv_conf() -> None:
    text = "# nameserver 1.1.1.1\nsearch x\nnameserver 10.0.0.2\nnameserver\nnameserver bad\nnameserver fe80::1%eth0\n"
    text += "nameserver 10.0.0.2 \n"
    assert nameservers(text) == (Endpoint("10.0.0.2", 53), Endpoint("fe80::1%eth0", 53))


def test_arguments_and_their_defaults() -> None:
    assert config(["--server", "unix:/run/api.sock"]) == Config("unix:/run/api.sock")
    given = config(
        ["--server", "h:1", "--listen", ":5353", "--listen", "[::1]:53", "--upstream", "10.0.0.2", "--lameduck", "0"]
    )
    assert given == Config(
        "h:1", listen=(Endpoint("", 5353), Endpoint("::1", 53)), upstreams=(Endpoint("10.0.0.2", 53),), lameduck=0.0
    )


def test_every_option_is_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        config(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    documented = (Path(__file__).parents[3] / "docs/dns.md").read_text()
    assert not [option for option in options if f"`{option}`" not in documented]


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("--listen", "nowhere", 'address "nowhere": must be such as 10.0.0.1:53'),
        ("--ttl", "3601", 'ttl "3601": must be 0 to 3600 seconds'),
        ("--ttl", "-1", 'ttl "-1": must be 0 to 3600 seconds'),
    ],
)
def test_a_bad_argument_is_one_line(argument: str, value: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        config(["--server", "h:1", f"{argument}={value}"])
    assert error in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"server": "nonsense"}, 'server "nonsense": must be unix:/path or host:port'),
        ({"zone": "a..b"}, "'' is no DNS label"),
        ({"resolv_conf": Path("/no/such/file")}, "No such file or directory: '/no/such/file'"),
        ({"credentials": Path("/no/such")}, "No such file or directory: '/no/such/ca.crt'"),
    ],
)
def test_a_failure_to_start_is_one_line(
    options: dict[str, object], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, object] = {"server": "unix:/run/api.sock", "listen": (Endpoint("127.0.0.1", 0),), **options}
    assert run(Config(**given)) == 1  # type: ignore[arg-type]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cluster_dns: ")
    assert error in line
