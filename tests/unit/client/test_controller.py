import asyncio
from collections.abc import Callable

import pytest

from protos.kubernetes import meta_pb2
from svclab.client import Result, Retry, Terminal, errors
from svclab.client.clock import FakeClock
from svclab.client.controller import UNREACHABLE_PAUSE, Controller


def ends(end: Callable[[], Result | None], times: int = 1) -> Callable[[float], int]:
    """Reconciles a key `times` times with that end; returns how many keys wait after so many seconds more."""
    clock = FakeClock()

    async def reconcile(key: str) -> Result | None:
        return end()

    controller: Controller[str] = Controller("test", reconcile, clock=clock)
    for _ in range(times):
        asyncio.run(controller.reconcile_once("key"))

    def waiting_after(seconds: float) -> int:
        clock.advance(seconds)
        return len(controller.queue)

    return waiting_after


def failing(error: Exception) -> Callable[[], None]:
    def end() -> None:
        raise error

    return end


def test_a_key_that_is_done_does_not_come_again() -> None:
    assert ends(lambda: None)(10_000) == 0


def test_a_result_can_ask_for_a_later_look() -> None:
    waiting_after = ends(lambda: Result(again_after=3.0))
    assert waiting_after(2.9) == 0
    assert waiting_after(0.2) == 1


def test_retry_may_name_its_time() -> None:
    waiting_after = ends(failing(Retry("node not known yet", after=1.0)))
    assert waiting_after(0.9) == 0
    assert waiting_after(0.2) == 1


@pytest.mark.parametrize("error", [Retry("not yet"), errors.Conflict(meta_pb2.Status()), ValueError("a bug")])
def test_failures_come_again_soon(error: Exception) -> None:
    assert ends(failing(error))(0.006) == 1


def test_terminal_is_given_up() -> None:
    assert ends(failing(Terminal("unknown protocol")))(10_000) == 0


def test_an_unreachable_server_is_tried_at_the_same_pace() -> None:
    assert ends(failing(errors.unreachable("unix:/s")), times=20)(UNREACHABLE_PAUSE + 0.01) == 1
