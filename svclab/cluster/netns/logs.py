"""Keeps the logs of a cluster's processes short."""

import os
import shutil

from svclab.cluster.state import StateFolder

LIMIT = 8 << 20  # bytes; the part before is kept once, as .log.1


def limit_logs(state: StateFolder) -> None:
    """Cuts every log that has grown beyond the limit. Its writers append, so they go on at the new end."""
    for log in (state.root / "logs").glob("*.log"):
        if log.stat().st_size > LIMIT:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
