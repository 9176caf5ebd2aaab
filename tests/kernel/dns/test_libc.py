"""The resolver of libc with a pod's resolv.conf finds what a Kubernetes user expects: search list, ndots, families."""

import json
import subprocess
import sys

import pytest

from tests.kernel.verdicts import ROOT, refused

RESOLV_CONF = """nameserver 127.0.0.1
search default.svc.cluster.local svc.cluster.local cluster.local
options ndots:5
"""
IN_NAMESPACE = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]

FOUND = {
    "ahostsv4 web": ["10.96.0.7"],
    "ahosts web.default": ["10.96.0.7"],
    "ahosts web.default.svc": ["10.96.0.7"],
    "ahosts web.default.svc.cluster.local": ["10.96.0.7"],
    "ahosts web.default.svc.cluster.local.": ["10.96.0.7"],
    "hosts WEB": ["10.96.0.7"],
    "ahosts api.prod": ["10.96.0.9"],
    "ahosts api": [],
    "ahosts dual": ["10.96.0.8", "fd00:10:96::8"],
    "ahostsv6 dual": ["fd00:10:96::8"],
    "ahostsv4 db": sorted(f"10.244.0.{number}" for number in range(1, 101)),  # too long for UDP
    "ahosts 10-244-0-5.db": ["10.244.0.5"],
    "ahosts 10-1-2-3.default.pod": ["10.1.2.3"],
    "ahosts shop": ["192.0.2.80"],
    "ahosts www.example.com": ["192.0.2.80"],
    "ahosts missing": [],
    "hosts 10.96.0.7": ["web.default.svc.cluster.local"],
    "hosts 10.244.0.5": ["10-244-0-5.db.default.svc.cluster.local"],
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    resolv_conf = tmp_path_factory.mktemp("dns") / "resolv.conf"
    resolv_conf.write_text(RESOLV_CONF)
    command = [*UNSHARE, "sh", "-c", IN_NAMESPACE, "sh", str(resolv_conf)]
    if reason := refused(command):
        pytest.skip(f"no network namespace with a resolv.conf of its own: {reason}")
    command += [sys.executable, "-m", "tests.kernel.dns.getent", *FOUND]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    found: dict[str, list[str]] = json.loads(output)
    return found


@pytest.mark.parametrize("question", FOUND)
def test_getent(answers: dict[str, list[str]], question: str) -> None:
    assert answers[question] == FOUND[question]
