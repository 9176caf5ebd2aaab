"""Contexts: API servers on TCP by name, each a folder with an address and credentials (svclab.client.endpoint)."""

import os
from pathlib import Path

from svclab.client.endpoint import Endpoint

CURRENT = "current-context"


def config_home() -> Path:
    """Where a user's choices are: $XDG_CONFIG_HOME/svclab."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "svclab"


def endpoint(name: str) -> Endpoint:
    """The context of that name, whether or not it exists."""
    return Endpoint(config_home() / "contexts" / name)


def names() -> list[str]:
    """The contexts that exist, sorted."""
    folder = config_home() / "contexts"
    return sorted(path.name for path in folder.iterdir() if endpoint(path.name).address) if folder.is_dir() else []


def current() -> str:
    """The context that commands use when nothing else is said; "" if none was chosen or it is gone."""
    try:
        chosen = (config_home() / CURRENT).read_text().strip()
    except FileNotFoundError:
        return ""
    return chosen if endpoint(chosen).address else ""


def use(name: str) -> None:
    """Makes a context the current one; "" for none."""
    config_home().mkdir(parents=True, exist_ok=True, mode=0o700)
    (config_home() / CURRENT).write_text(f"{name}\n")


def remove(name: str) -> None:
    """Forgets a context."""
    import shutil  # 2 ms of every start otherwise

    shutil.rmtree(endpoint(name).folder)
