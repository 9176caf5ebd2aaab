"""Services whose load balancer the cloud refused, and how long each of them waits until the next try."""

from svclab.client.lister import Key

RETRY_SECONDS = 5.0  # the first pause after an error of the cloud; it doubles
LONGEST_RETRY_SECONDS = 300.0


class Pending:
    """Counts failures by Service; `scale` shortens every pause that the cloud did not name itself."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._failures: dict[Key, int] = {}

    def services(self) -> tuple[Key, ...]:
        return tuple(self._failures)

    def failed(self, key: Key, error: Exception) -> float:
        """The seconds to wait: those that the error names as its `retry`, else longer and longer."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        named: float | None = getattr(error, "retry", None)
        if named is not None:
            return named
        return min(RETRY_SECONDS * 2.0 ** (count - 1), LONGEST_RETRY_SECONDS) * self._scale

    def done(self, key: Key) -> None:
        """It has what it wants, or is gone."""
        self._failures.pop(key, None)
