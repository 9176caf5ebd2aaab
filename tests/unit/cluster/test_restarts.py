"""When a process that died is started again."""

from svclab.cluster.netns.process import Backoff


def test_the_first_restart_is_immediate_and_the_next_ones_wait_longer() -> None:
    backoff = Backoff()
    delays = [backoff.delay(lived=1.0) for _ in range(12)]
    assert delays[0] == 0.0
    assert delays[1:4] == [0.1, 0.2, 0.4]
    assert delays == sorted(delays)
    assert delays[-1] == backoff.longest


def test_a_process_that_lived_long_is_forgiven() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay(lived=1.0)
    assert backoff.delay(lived=60.0) == 0.0
    assert backoff.delay(lived=1.0) == 0.0
    assert backoff.delay(lived=1.0) == 0.1
