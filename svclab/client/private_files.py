"""Files that nobody but their owner may read, such as keys."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file whole, readable by its owner alone; there is no moment at which others could open it."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
