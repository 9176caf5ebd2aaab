"""What the global options chose for one command line, and the client that follows from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from svclab.client import SyncClient

DEFAULT_NAMESPACE = "default"


@dataclass
class Settings:
    """Filled in while the command line is read; `client` is connected on first use, or given."""

    client: "SyncClient | None" = None
    cluster: str = ""  # "" = the only one that runs
    server: str = ""  # "" = the cluster's socket
    namespace: str = ""  # "" = not named by the user
    request_timeout: float = 0.0  # seconds; 0 = the client's own
    verbose: bool = False


def settings() -> Settings:
    """The settings of the command that is running."""
    found = click.get_current_context().find_root().obj
    assert isinstance(found, Settings)
    return found


def client() -> "SyncClient":
    """The connection to the API server. Raises CliError if no cluster can be chosen."""
    chosen = settings()
    if chosen.client is None:
        from svclab.cli.target import connect

        chosen.client = connect(chosen)
    return chosen.client


def namespace() -> str:
    """The namespace that the command works in."""
    return settings().namespace or DEFAULT_NAMESPACE
