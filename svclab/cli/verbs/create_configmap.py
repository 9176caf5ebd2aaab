"""`svclab create configmap`."""

from collections.abc import Iterator
from pathlib import Path

import click

from protos.kubernetes import core_pb2
from svclab.cli import options
from svclab.cli.command import Command
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.key_values import parse_pair
from svclab.cli.verbs.create_object import CreationOptions, create_object, creation_options

EXAMPLES = """
# From key=value pairs
svclab create configmap settings --from-literal=color=blue --from-literal=size=3

# From files: the key is the file's name, or what stands before the =
svclab create configmap pages --from-file=index.html --from-file=about=about.html
"""


@click.command(
    "configmap",
    cls=Command,
    examples=EXAMPLES,
    usage="NAME [--from-literal=key=value] [--from-file=[key=]source] [options]",
)
@click.argument("name")
@click.option("--from-literal", multiple=True, help="A key and literal value to insert (i.e. mykey=somevalue).")
@click.option("--from-file", multiple=True, help="A file, as path or key=path, or a folder whose files are all taken.")
@click.option("--from-env-file", multiple=True, help="A file with lines of key=value.")
@creation_options
@options.given_as(CreationOptions)
def configmap(
    creation: CreationOptions,
    name: str,
    from_literal: tuple[str, ...],
    from_file: tuple[str, ...],
    from_env_file: tuple[str, ...],
) -> None:
    """Create a config map from files or literal values. Alias: cm."""
    made = core_pb2.ConfigMap()
    made.metadata.name = name
    for literal in from_literal:
        _add_pair(made, literal, "literal source")
    for source in from_file:
        for key, data in _file_entries(source):
            _add(made, key, data)
    for path in from_env_file:
        for line in _read(Path(path)).decode().splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                _add_pair(made, line.strip(), "environment variable")
    create_object(made, creation)


def _file_entries(source: str) -> Iterator[tuple[str, bytes]]:
    key, equals, name = source.partition("=")
    path = Path(name if equals else source)
    if path.is_dir():
        if equals:
            raise BadUsage("cannot give a key name for a directory path")
        for item in sorted(path.iterdir()):
            if item.is_file():
                yield item.name, _read(item)
        return
    yield key if equals else path.name, _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CliError(f"error reading {path}: {error.strerror}") from error


def _add_pair(made: core_pb2.ConfigMap, text: str, what: str) -> None:
    key, value = parse_pair(text, what)
    _add(made, key, value.encode())


def _add(made: core_pb2.ConfigMap, key: str, data: bytes) -> None:
    """Text goes to data, anything else to binaryData."""
    if key in made.data or key in made.binaryData:
        raise CliError(f'cannot add key "{key}": another key by that name already exists in the ConfigMap')
    try:
        made.data[key] = data.decode()
    except UnicodeDecodeError:
        made.binaryData[key] = data
