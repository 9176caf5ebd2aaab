"""What is said on stderr: errors and warnings, coloured only where a person reads them."""

import os
import sys

RED, YELLOW = 31, 33


def complain(text: str) -> None:
    """Prints an error that ends the command, or one of several objects."""
    _say(text, RED)


def warn(text: str) -> None:
    """Prints `Warning: text`; the command goes on."""
    _say(f"Warning: {text}", YELLOW)


def note(text: str) -> None:
    """Prints a remark that is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def _say(text: str, color: int) -> None:
    head, colon, rest = text.partition(":")
    if colon and sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        text = f"\033[{color}m{head}:\033[0m{rest}"
    print(text, file=sys.stderr, flush=True)
