"""Health checks: HTTP GET against every node, as cloud load balancers do; 200 puts a node into rotation."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from cloud_controller.config import Cadence

LARGEST_ANSWER = 256  # bytes that are read of an answer: its first line is all that counts

Probe = Callable[["Check", float], Awaitable[bool]]


@dataclass(frozen=True)
class Check:
    """One target: a node's address and the port that answers for it (10256, or a Service's healthCheckNodePort)."""

    address: str
    port: int


async def http_probe(check: Check, timeout: float) -> bool:
    """Whether http://address:port/healthz answers 200 within `timeout` seconds."""
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(check.address, check.port, limit=LARGEST_ANSWER)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            answer = await reader.read(LARGEST_ANSWER)
    except OSError:  # TimeoutError is one
        return False
    finally:
        if writer is not None:
            with suppress(OSError):
                writer.close()
    return answer.split(b" ", 2)[1:2] == [b"200"]


class HealthChecks:
    """Probes a changing set of targets, and tells when one turns healthy or unhealthy."""

    def __init__(self, cadence: Cadence, changed: Callable[[], None], probe: Probe = http_probe) -> None:
        self._cadence = cadence
        self._changed = changed
        self._probe = probe
        self._tasks: dict[Check, asyncio.Task[None]] = {}
        self._probed: dict[Check, asyncio.Event] = {}
        self._healthy: set[Check] = set()

    def is_healthy(self, check: Check) -> bool:
        return check in self._healthy

    def watch(self, checks: set[Check]) -> None:
        """Probes these targets from now on and no others; a new target is unhealthy until its first probe."""
        for check in self._tasks.keys() - checks:
            self._tasks.pop(check).cancel()
            self._probed.pop(check).set()
            self._healthy.discard(check)
        for check in checks - self._tasks.keys():
            self._probed[check] = asyncio.Event()
            self._tasks[check] = asyncio.create_task(self._follow(check))

    async def probed(self) -> None:
        """Returns when each target has been probed once, which takes one interval at most."""
        for event in [*self._probed.values()]:
            await event.wait()

    async def stop(self) -> None:
        self.watch(set())

    async def _follow(self, check: Check) -> None:
        loop, streak = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            passed = await self._probe(check, self._cadence.interval)
            streak = streak + 1 if passed != self.is_healthy(check) else 0
            if streak >= (self._cadence.successes if passed else self._cadence.failures):
                streak = 0
                (self._healthy.add if passed else self._healthy.discard)(check)
                self._changed()
            self._probed[check].set()
            await asyncio.sleep(max(0.0, began + self._cadence.interval - loop.time()))
