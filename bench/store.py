"""How fast the store is: commits, latency of one writer, changes to watchers. Run: `python -m bench.store`."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from apiserver.store import MemoryStore, Put, SqliteStore, Store

VALUE = bytes(800)  # about a Service
WRITERS = 100
COMMITS = 5000
WATCHERS = 100


async def alone(store: Store) -> str:
    """One writer that waits for each commit."""
    times = []
    for number in range(500):
        start = time.perf_counter()
        await store.transaction([], [Put(f"/registry/services/default/{number}", VALUE)])
        times.append((time.perf_counter() - start) * 1e3)
    return f"{statistics.median(times):.2f} ms p50, {statistics.quantiles(times, n=100)[98]:.2f} ms p99"


async def together(store: Store) -> str:
    """Many writers at once."""

    async def write(writer: int) -> None:
        for number in range(COMMITS // WRITERS):
            await store.transaction([], [Put(f"/registry/pods/{writer}/{number}", VALUE)])

    start = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    return f"{COMMITS / (time.perf_counter() - start):,.0f} commits/s with {WRITERS} writers"


async def fan_out(store: Store) -> str:
    """Changes that reach every one of many watchers, while writers write."""
    writes, first = 1000, store.revision

    async def watch() -> None:
        watcher = store.watch("/registry/slices/", first)
        seen = 0
        async for changes in watcher:
            seen += len(changes)
            if seen == writes:
                watcher.close()

    async def write(number: int) -> None:
        await store.transaction([], [Put(f"/registry/slices/default/{number}", VALUE)])

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(WATCHERS):
            group.create_task(watch())
        for number in range(writes):
            group.create_task(write(number))
    return f"{writes * WATCHERS / (time.perf_counter() - start):,.0f} changes/s to {WATCHERS} watchers"


async def listing(store: Store) -> str:
    """A list of everything."""
    start = time.perf_counter()
    count = len(store.list("/registry/"))
    return f"{count:,} keys in {(time.perf_counter() - start) * 1e3:.1f} ms"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        engines: dict[str, Callable[[], Store]] = {"memory": MemoryStore, "sqlite": lambda: SqliteStore(path)}
        for name, make in engines.items():
            store = make()
            for measure in (alone, together, fan_out, listing):
                print(f"{name:8}{measure.__name__:10}{await measure(store)}")
            await store.close()
        start = time.perf_counter()
        await SqliteStore(path).close()
        print(f"{'sqlite':8}{'open':10}{(time.perf_counter() - start) * 1e3:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
