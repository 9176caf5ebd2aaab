import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from svclab.client.clock import FakeClock
from svclab.client.work_queue import WorkQueue


def test_a_key_waits_once_and_keys_keep_their_order() -> None:
    async def main() -> list[str]:
        queue: WorkQueue[str] = WorkQueue()
        for key in "abacb":
            queue.add(key)
        return [await queue.get() for _ in range(len(queue))]

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_a_key_added_while_in_work_comes_again_only_after_done() -> None:
    async def main() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await queue.get() == "a"
        queue.done("a")
        assert len(queue) == 0

    asyncio.run(main())


def test_retries_double_until_forgotten() -> None:
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue(clock=clock, base=1.0, cap=5.0)

    def waits(seconds: float) -> bool:
        clock.advance(seconds - 0.001)
        early = len(queue)
        clock.advance(0.001)
        on_time = len(queue)
        asyncio.run(_work_off(queue))
        return (early, on_time) == (0, 1)

    for pause in (1.0, 2.0, 4.0, 5.0, 5.0):
        queue.retry("a")
        assert waits(pause)
    queue.forget("a")
    queue.retry("a")
    assert waits(1.0)


def test_the_shortest_delay_counts() -> None:
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add_after("a", 10.0)
    queue.add_after("a", 2.0)
    queue.add_after("a", 5.0)
    clock.advance(2.0)
    asyncio.run(_work_off(queue))
    clock.advance(20.0)
    assert len(queue) == 0


def test_stop_drops_the_delayed_keys() -> None:
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue(clock=clock)
    queue.add_after("a", 1.0)
    queue.stop()
    clock.advance(2.0)
    assert len(queue) == 0


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 4))
def test_every_key_is_worked_on_after_its_last_add_and_never_twice_at_once(adds: list[int], workers: int) -> None:
    async def main() -> None:
        queue: WorkQueue[int] = WorkQueue()
        added: Counter[int] = Counter()
        seen: dict[int, int] = {}
        in_work: set[int] = set()

        async def work() -> None:
            while True:
                key = await queue.get()
                assert key not in in_work
                in_work.add(key)
                seen[key] = added[key]
                await asyncio.sleep(0)
                in_work.discard(key)
                queue.done(key)

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        for number, key in enumerate(adds):
            added[key] += 1
            queue.add(key)
            if number % 3 == 0:
                await asyncio.sleep(0)
        for _ in range(3 * len(adds) + 3):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert seen == added

    asyncio.run(main())


async def _work_off(queue: WorkQueue[str]) -> None:
    while len(queue):
        queue.done(await queue.get())
