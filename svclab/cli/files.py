"""What `-f` names: files, folders, patterns, `-` for stdin, and URLs."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from svclab.cli.errors import CliError

_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class File:
    """The bytes of one file, and what to call it in messages."""

    name: str
    data: bytes


def read_files(names: Iterable[str], *, recursive: bool = False) -> Iterator[File]:
    """All files that the names stand for, in order. Raises CliError with one line."""
    for name in names:
        if name == "-":
            yield File("STDIN", sys.stdin.buffer.read())
        elif name.startswith(("http://", "https://")):
            yield _fetch(name)
        else:
            yield from _read_paths(name, recursive)


def _read_paths(name: str, recursive: bool) -> Iterator[File]:
    path = Path(name)
    if path.is_dir():
        found = sorted(item for item in path.glob("**/*" if recursive else "*") if item.suffix in _SUFFIXES)
        if not found:
            raise CliError(f"error reading [{name}]: recognized file extensions are [.json .yaml .yml]")
        paths = [item for item in found if item.is_file()]
    elif has_magic(name) and not path.exists():
        paths = [Path(match) for match in sorted(glob(name))]
        if not paths:
            raise CliError(f'the path "{name}" matches no file')
    elif path.exists():
        paths = [path]
    else:
        raise CliError(f'the path "{name}" does not exist')
    for item in paths:
        yield _read(item)


def _read(path: Path) -> File:
    try:
        return File(str(path), path.read_bytes())
    except OSError as error:
        raise CliError(f'cannot read "{path}": {error.strerror}') from error


def _fetch(url: str) -> File:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=30) as response:
            return File(url, response.read())
    except (URLError, OSError) as error:
        raise CliError(f'unable to read URL "{url}": {getattr(error, "reason", error)}') from error
