"""How long to wait between attempts."""

import random
from collections.abc import Callable


class Backoff:
    """Pauses that double from `base` to `cap` seconds, each shortened by chance to as little as half.

    The first pause is none: most failures pass at once.
    """

    def __init__(self, base: float, cap: float, chance: Callable[[], float] = random.random) -> None:
        self._base = base
        self._cap = cap
        self._chance = chance
        self._failures = 0

    def pause(self) -> float:
        """Seconds to wait after one more failure."""
        self._failures += 1
        if self._failures == 1:
            return 0.0
        longest = min(self._cap, self._base * 2.0 ** min(self._failures - 2, 60))
        return longest * (1 + self._chance()) / 2

    def reset(self) -> None:
        """An attempt went well."""
        self._failures = 0
