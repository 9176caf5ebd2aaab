"""The manifests of a command that writes: options to objects."""

from collections.abc import Sequence
from typing import NamedTuple

from svclab.cli.errors import BadUsage, CliError
from svclab.cli.manifests import Manifest, Validation, read_manifests
from svclab.cli.settings import namespace, settings

_VALIDATIONS: dict[str, Validation] = {
    "strict": "strict",
    "true": "strict",
    "warn": "warn",
    "ignore": "ignore",
    "false": "ignore",
}


class ManifestOptions(NamedTuple):
    """What the options `filenames` and `validation` were given."""

    filenames: tuple[str, ...]
    recursive: bool
    validate: str
    strict: bool


def manifests_of(given: ManifestOptions, verb: str, *, settle_namespaces: bool = True) -> list[Manifest]:
    """All objects of -f, checked. Raises CliError before anything has been written.

    With `settle_namespaces`, objects that name no namespace get the command's.
    """
    if not given.filenames:
        raise BadUsage("must specify -f FILENAME")
    found = read_manifests(
        given.filenames,
        recursive=given.recursive,
        validation="strict" if given.strict else _VALIDATIONS[given.validate],
        namespace=namespace() if settle_namespaces else "",
        enforce=bool(settings().namespace),
    )
    if not found:
        raise CliError(f"no objects passed to {verb}")
    return found


def require_names(manifests: Sequence[Manifest]) -> None:
    """Raises CliError for an object that only has generateName, or no name at all."""
    for manifest in manifests:
        if not manifest.name:
            raise CliError(
                f"{manifest.source}: {manifest.kind.kind}: metadata.name is missing: a name is required here"
            )
