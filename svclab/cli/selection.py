"""Which objects a command is about: `svc,po`, `pod web`, `svc/web`, `all`, or the objects of files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from protos.kinds import KINDS, Kind, find_kind
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.settings import namespace, settings


@dataclass(frozen=True)
class Request:
    """One object by its name; with name "" all objects of a kind. `namespace` "": all, or the kind has none.

    `source`: the file that names the object, "" for the command line.
    """

    kind: Kind
    name: str = ""
    namespace: str = ""
    source: str = field(default="", compare=False)


class SelectionOptions(NamedTuple):
    """What the options `resources`, `filenames`, `selectors`, `all_objects` and `all_namespaces` were given."""

    words: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    recursive: bool = False
    label_selector: str = ""
    field_selector: str = ""
    all_objects: bool = False
    all_namespaces: bool = False


class Selection(NamedTuple):
    """What is asked for, in order, with the selectors that lists are narrowed by."""

    requests: tuple[Request, ...]
    label_selector: str = ""
    field_selector: str = ""

    @property
    def kinds(self) -> list[Kind]:
        """The kinds asked for, each once, in order."""
        return list(dict.fromkeys(request.kind for request in self.requests))

    @property
    def unnamed(self) -> bool:
        """Whether all objects of a kind are asked for, but for what selectors leave out."""
        return any(not request.name for request in self.requests)

    @property
    def narrowed(self) -> bool:
        """Whether a selector narrows it."""
        return bool(self.label_selector or self.field_selector)


def select(given: SelectionOptions, verb: str = "get") -> Selection:
    """The selection of a command line. Raises CliError."""
    label_selector, field_selector = given.label_selector, given.field_selector
    if given.filenames:
        if given.words:
            raise BadUsage(
                "when paths, URLs, or stdin is provided as resource input, "
                "you may not specify resource arguments as well"
            )
        return Selection(tuple(_requests_of_files(given.filenames, given.recursive)), label_selector, field_selector)
    if not given.words:
        raise BadUsage(
            f"You must specify the type of resource to {verb}. "
            'Use "svclab api-resources" for a complete list of supported resources.'
        )
    found = Selection(tuple(_requests(given.words, given.all_namespaces)), label_selector, field_selector)
    named = any(request.name for request in found.requests)
    if named and found.narrowed:
        raise BadUsage("name cannot be provided when a selector is specified")
    if named and given.all_namespaces:
        raise BadUsage("a resource cannot be retrieved by name across all namespaces")
    return found


def require_choice(selection: Selection, all_objects: bool) -> None:
    """Raises BadUsage where all objects of a kind would be meant, and --all does not say so."""
    if selection.unnamed and not (selection.narrowed or all_objects):
        raise BadUsage("resource(s) were provided, but no name, label selector, or --all flag specified")


def one_kind(word: str) -> Kind:
    """The kind that a word names. Raises CliError."""
    kind = find_kind(word)
    if kind is None:
        raise CliError(f'the server doesn\'t have a resource type "{word}"')
    return kind


def one_object(words: Sequence[str], verb: str, default: str = "") -> Request:
    """The single object that `TYPE NAME`, `TYPE/NAME`, or NAME of the kind `default`, means. Raises CliError."""
    if default and len(words) == 1 and "/" not in words[0]:
        words = (default, words[0])
    found = select(SelectionOptions(words=tuple(words)), verb).requests
    if len(found) != 1 or not found[0].name:
        raise BadUsage(f"{verb} needs the name of exactly one resource, as TYPE NAME or TYPE/NAME")
    return found[0]


def _requests(words: Sequence[str], all_namespaces: bool) -> Iterable[Request]:
    if any("/" in word for word in words):
        for word in words:
            yield _slash_form(word)
        return
    kinds = [kind for word in words[0].split(",") if word for kind in _kinds(word)]
    for kind in kinds:
        for name in words[1:] or ("",):
            yield _request(kind, name, all_namespaces)


def _slash_form(word: str) -> Request:
    kind_word, slash, name = word.partition("/")
    if not slash:
        raise BadUsage(
            "there is no need to specify a resource type as a separate argument "
            "when passing arguments in resource/name form "
            "(e.g. 'svclab get resource/<resource_name>' instead of 'svclab get resource resource/<resource_name>')"
        )
    if "/" in name or not kind_word:
        raise BadUsage(f'arguments in resource/name form may not have more than one slash: "{word}"')
    if not name:
        raise BadUsage("resource(s) were provided, but no name was specified")
    return _request(one_kind(kind_word), name, all_namespaces=False)


def _kinds(word: str) -> list[Kind]:
    return [kind for kind in KINDS if kind.in_all] if word == "all" else [one_kind(word)]


def _request(kind: Kind, name: str, all_namespaces: bool) -> Request:
    return Request(kind, name, namespace() if kind.namespaced and not all_namespaces else "")


def _requests_of_files(filenames: Sequence[str], recursive: bool) -> Iterable[Request]:
    from svclab.cli.manifests import read_manifests

    enforce = bool(settings().namespace)
    for manifest in read_manifests(
        filenames, recursive=recursive, validation="ignore", namespace=namespace(), enforce=enforce
    ):
        if not manifest.name:
            raise CliError(f"{manifest.source}: a {manifest.kind.kind} without metadata.name cannot be looked up")
        yield Request(manifest.kind, manifest.name, manifest.namespace, manifest.source)
