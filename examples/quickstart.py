"""Applies quickstart.yaml to the running cluster and shows with real requests that its Services work.

Everything here can be typed: each step prints the `svclab` command that it runs.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

CLUSTER = os.environ.get("SVCLAB_CLUSTER", "svclab")
SVCLAB = Path(sys.executable).with_name("svclab")
MANIFEST = Path(__file__).with_name("quickstart.yaml")
REQUESTS = 40  # that one of three pods is never chosen has a chance of less than one in a million

# Runs in a pod or outside, where curl may be missing but Python is not.
CLIENT = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
"""

WHAT_NEXT = """
Try next:

  svclab get pods,services,endpointslices -o wide
  svclab exec -it echo-1 -- sh             # a shell in a pod
  svclab outside -- bash                   # a shell outside of the cluster
  svclab node exec node-1 -- nft list ruleset
  svclab node add                          # a node more; svclab node stop node-2 cuts the power of one
  make down                                # stop it all; make up brings it back

The command is .venv/bin/svclab; `. .venv/bin/activate` puts it on your PATH.
"""


class RequestFailed(Exception):
    """A request did not get the answer that it should get."""


def main() -> int:
    """Runs the demonstration; the exit code."""
    try:
        apply()
        pods = get("pods", "-l", "app=echo")
        services = {item["metadata"]["name"]: item["spec"] for item in get("services")}
        show_cluster_ip(pods, services["echo"])
        show_node_ports(pods, services["echo-nodeport"], get("nodes"))
    except RequestFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    print(WHAT_NEXT.rstrip())
    return 0


def apply() -> None:
    """The example's objects, and their pods running."""
    step("Three echo pods and two Services")
    print(svclab("apply", "-f", str(MANIFEST), show=True), end="")
    print(svclab("wait", "--for=condition=Ready", "pod", "-l", "app=echo", "--timeout=30s", show=True), end="")
    print(svclab("get", "pods,services", "-o", "wide", show=True), end="")


def show_cluster_ip(pods: list[Any], service: Any) -> None:
    """From a pod of each node through the ClusterIP to every pod."""
    url = f"http://{service['clusterIP']}/hostname"
    step(f"Through the ClusterIP, from a pod on each node: {url}")
    for pod in {pod["spec"]["nodeName"]: pod for pod in pods}.values():
        name = pod["metadata"]["name"]
        answers = svclab("exec", name, "--", "python3", "-c", CLIENT, url, str(REQUESTS))
        report(f"{name} on {pod['spec']['nodeName']}", answers, pods)


def show_node_ports(pods: list[Any], service: Any, nodes: list[Any]) -> None:
    """From outside of the cluster through the NodePort of every node to every pod."""
    port = service["ports"][0]["nodePort"]
    step(f"Through the NodePort {port} of every node, from outside of the cluster")
    for node in nodes:
        address = next(item["address"] for item in node["status"]["addresses"] if item["type"] == "InternalIP")
        url = f"http://{address}:{port}/hostname"
        answers = svclab("outside", "--", sys.executable, "-c", CLIENT, url, str(REQUESTS))
        report(f"outside to {node['metadata']['name']} ({url})", answers, pods)


def report(source: str, answers: str, pods: list[Any]) -> None:
    """Says which pods answered. Raises RequestFailed if one of them never did."""
    counts = Counter(answers.split())
    for pod in pods:
        if not counts[pod["metadata"]["name"]]:
            raise RequestFailed(f"from {source}: {pod['metadata']['name']} never answered, only {dict(counts)}")
    print(f"  {source}: " + ", ".join(f"{name} {count} times" for name, count in sorted(counts.items())))


def get(*arguments: str) -> list[Any]:
    """Objects as JSON."""
    items: list[Any] = json.loads(svclab("get", *arguments, "-o", "json"))["items"]
    return items


def svclab(*arguments: str, show: bool = False) -> str:
    """Runs a command line of svclab; its output. Raises CalledProcessError after it has said what is wrong."""
    if show:
        print(f"$ svclab {shlex.join(arguments)}", flush=True)
    command = [str(SVCLAB), "--cluster", CLUSTER, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def step(text: str) -> None:
    """A headline."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
