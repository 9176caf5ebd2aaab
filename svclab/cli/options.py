"""Options that several verbs share, in kubectl's words."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click

from svclab.cli.suggestions import complete_resources

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

_OUTPUT_HELP = (
    "Output format. One of: (json, yaml, name, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, "
    "custom-columns-file, wide)."
)


def combined(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, shown in the order given."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def given_as(*groups: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Directly above a command's function: it gets these records of what its options were given, and the rest by name.

    A record is a NamedTuple whose fields are options' names (a dataclass would cost half a millisecond of each start).
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def call(**given: Any) -> None:
            records = [group(**{name: given.pop(name) for name in group._fields if name in given}) for group in groups]
            function(*records, **given)

        return call

    return decorate


resources = click.argument("words", nargs=-1, shell_complete=complete_resources)
output = click.option("-o", "--output", default="", help=_OUTPUT_HELP)
template = click.option("--template", default="", help="The template of -o jsonpath or the path of -o jsonpath-file.")

filenames = combined(
    click.option(
        "-f",
        "--filename",
        "filenames",
        multiple=True,
        help="Filename, directory, or URL to files with the resources; - reads stdin.",
    ),
    click.option("-R", "--recursive", is_flag=True, help="Process the directory used in -f, --filename recursively."),
)

label_selector = click.option(
    "-l",
    "--selector",
    "label_selector",
    default="",
    help="Selector (label query), supports '=', '==', '!=', 'in', 'notin' (e.g. -l key1=value1,key2=value2).",
)
field_selector = click.option(
    "--field-selector",
    default="",
    help="Selector (field query), supports '=', '==', and '!='. The fields that it may name depend on the type.",
)
all_namespaces = click.option(
    "-A", "--all-namespaces", is_flag=True, help="If present, list the requested object(s) across all namespaces."
)
selectors = combined(label_selector, field_selector)
all_objects = click.option(
    "--all", "all_objects", is_flag=True, help="Select all resources in the namespace of the specified resource types."
)

dry_run = click.option(
    "--dry-run",
    type=click.Choice(["none", "client", "server"]),
    default="none",
    help=(
        'Must be "none", "server", or "client". If client, only print the object that would be sent. '
        "If server, the server checks the request without keeping its result."
    ),
)

validation = combined(
    click.option(
        "--validate",
        type=click.Choice(["strict", "warn", "ignore", "true", "false"]),
        default="warn",
        help="Unknown or duplicate fields: strict (or true) refuses them, warn names, ignore (or false) drops them.",
    ),
    click.option("--strict", is_flag=True, help="The same as --validate=strict."),
)

grace_period = click.option(
    "--grace-period",
    type=int,
    default=-1,
    help=(
        "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. "
        "Can only be set to 0 when --force is true (force deletion)."
    ),
)


def container(help_text: str) -> Callable[[Any], Any]:
    """-c, for the verbs that work in one container of a pod."""
    return click.option("-c", "--container", default="", help=help_text)


def words(values: Sequence[str]) -> list[str]:
    """The values of an option that may be repeated and may hold several, separated by commas."""
    return [word for value in values for word in value.split(",") if word]
