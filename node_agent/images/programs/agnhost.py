"""The image registry.k8s.io/e2e-test-images/agnhost: its first argument is a command."""

import signal
import sys
from collections.abc import Callable

from node_agent.images.programs import echo, liveness, serving, text


def pause(arguments: list[str]) -> None:
    """Does nothing until it is ended."""
    serving.announce_listening()
    while True:
        signal.pause()


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "netexec": echo.main,
    "liveness": liveness.main,
    "pause": pause,
    "serve-hostname": lambda arguments: text.main(["serve-hostname", *arguments]),
}


def main(arguments: list[str]) -> None:
    command, *rest = arguments or ["pause"]
    if command not in COMMANDS:
        sys.exit(serving.fail(ValueError(f"unknown command {command}: this agnhost knows {', '.join(COMMANDS)}")))
    COMMANDS[command](rest)
