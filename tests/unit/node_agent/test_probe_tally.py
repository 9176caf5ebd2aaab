from hypothesis import given
from hypothesis import strategies as st

from node_agent.pods.probes import Tally

RESULTS = st.lists(st.booleans(), max_size=40)
THRESHOLD = st.integers(1, 5)


@given(RESULTS, THRESHOLD, THRESHOLD)
def test_a_verdict_needs_enough_results_in_a_row(results: list[bool], successes: int, failures: int) -> None:
    tally = Tally(successes, failures)
    expected: bool | None = None
    for index, result in enumerate(results):
        tally = tally.add(result)
        needed = successes if result else failures
        if index + 1 >= needed and all(one == result for one in results[index + 1 - needed : index + 1]):
            expected = result
        assert tally.verdict == expected


def test_kubernetes_defaults() -> None:
    tally = Tally()
    assert tally.add(True).verdict is True
    for _ in range(2):
        tally = tally.add(False)
    assert tally.verdict is None
    assert tally.add(False).verdict is False
