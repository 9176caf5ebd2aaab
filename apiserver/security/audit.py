"""The audit log: one line of JSON for each refused call, in a file that only its owner reads."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

LIMIT = 10 * 2**20  # bytes; then the file becomes audit.log.1 and a new one begins


class AuditLog:
    """Appends lines {"time", "user", "groups", "action", "reason"}."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock

    def refused(self, user: str, groups: tuple[str, ...], action: str, reason: str) -> None:
        line = {
            "time": self._clock().isoformat(timespec="milliseconds"),
            "user": user,
            "groups": groups,
            "action": action,
            "reason": reason,
        }
        self._turn_over()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(line) + "\n")

    def _turn_over(self) -> None:
        if self._path.exists() and self._path.stat().st_size > LIMIT:
            self._path.replace(self._path.with_name(self._path.name + ".1"))
