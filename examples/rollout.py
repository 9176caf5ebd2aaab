"""Replaces every pod of a Service by a newer one under the requests of clients, and counts those that fail: none.

What makes that so is in POD: a new pod gets requests once its readinessProbe answers, and an old one goes on answering
for the time of its preStop hook, in which every node learns that it is leaving. Without the hook it would stop first.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

CLUSTER = os.environ.get("SVCLAB_CLUSTER", "svclab")
SVCLAB = (str(Path(sys.executable).with_name("svclab")), "--cluster", CLUSTER)
REPLICAS = range(3)

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: NodePort
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: customer}
spec:
  containers: [{name: main, image: pause}]
"""

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: shop-VERSION-NUMBER
  labels: {app: shop, version: vVERSION}
spec:
  containers:
    - name: shop
      image: svclab/echo
      readinessProbe: {httpGet: {path: /healthz, port: 8080}}
      lifecycle: {preStop: {sleep: {seconds: 1}}}
"""

# A connection for each request until its input ends; then how many failed, and which pods answered how often.
CLIENT = """
import collections, json, select, sys, urllib.request
answered, failed = collections.Counter(), 0
while not select.select([sys.stdin], (), (), 0.005)[0]:
    try:
        answered[urllib.request.urlopen(sys.argv[1], timeout=5).read().decode().strip()] += 1
    except OSError:
        failed += 1
print(json.dumps({"failed": failed, "answered": answered}))
"""


def main() -> int:
    """Runs the demonstration; the exit code is 1 if a request failed."""
    results: dict[str, str] = {}
    try:
        step("A Service with three pods of version 1, and a customer")
        apply(SERVICE, *(pod(1, number) for number in REPLICAS))
        with ExitStack() as stack:
            stack.enter_context(asking("outside", ("outside", "--", sys.executable), node_port(), results))
            inside = ("exec", "-i", "customer", "--", "python3")
            stack.enter_context(asking("in a pod", inside, "http://shop/hostname", results))
            for number in REPLICAS:
                step(f"Pod {number + 1} of {len(REPLICAS)}: version 2 comes, version 1 goes")
                apply(pod(2, number))
                print(svclab("delete", "pod", f"shop-1-{number}"), end="")
        step("What the clients saw")
        return 1 if sum([report(name, json.loads(text)) for name, text in results.items()]) else 0
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    finally:
        svclab("delete", "service/shop", "pod/customer", "--ignore-not-found", "--now")
        svclab("delete", "pod", "-l", "app=shop", "--now")


@contextmanager
def asking(name: str, where: tuple[str, ...], url: str, results: dict[str, str]) -> Iterator[None]:
    """A client that asks from here on, and in the end leaves in `results` what it printed."""
    command = (*SVCLAB, *where, "-c", CLIENT, url)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        yield
        results[name], _ = client.communicate("")
        if client.returncode:
            raise subprocess.CalledProcessError(client.returncode, command)


def report(name: str, seen: dict[str, int | dict[str, int]]) -> int:
    """Prints what a client saw; how many of its requests failed."""
    answered, failed = seen["answered"], seen["failed"]
    assert isinstance(answered, dict) and isinstance(failed, int)
    pods = ", ".join(f"{pod} {count}" for pod, count in sorted(answered.items()))
    print(f"  {name}: {sum(answered.values())} requests answered ({pods}), {failed} failed")
    return failed


def pod(version: int, number: int) -> str:
    """The manifest of one pod."""
    return POD.replace("VERSION", str(version)).replace("NUMBER", str(number))


def apply(*manifests: str) -> None:
    """Applies manifests, and waits until all pods are ready."""
    print(svclab("apply", "-f", "-", stdin="---".join(manifests)), end="")
    svclab("wait", "--for=condition=Ready", "pod", "-l", "app=shop", "--timeout=30s")
    svclab("wait", "--for=condition=Ready", "pod", "customer", "--timeout=30s")


def node_port() -> str:
    """The Service's address on the first node, as a URL."""
    port = svclab("get", "service", "shop", "-o", "jsonpath={.spec.ports[0].nodePort}")
    address = svclab("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
    return f"http://{address}:{port}/hostname"


def svclab(*arguments: str, stdin: str = "") -> str:
    """Runs a command line of svclab; its output. Raises CalledProcessError after it has said what is wrong."""
    return subprocess.run((*SVCLAB, *arguments), check=True, input=stdin, stdout=subprocess.PIPE, text=True).stdout


def step(text: str) -> None:
    """A headline."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
