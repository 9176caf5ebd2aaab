"""What `-o` asks for: objects as YAML, JSON, names, templates or columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from protos.kinds import kind_of
from svclab.cli.errors import CliError

_PLAIN = ("json", "yaml", "name", "wide")
_WITH_ARGUMENT = ("jsonpath", "jsonpath-as-json", "jsonpath-file", "custom-columns", "custom-columns-file")
FORMATS = (*sorted((*_PLAIN, *_WITH_ARGUMENT)),)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Output:
    """A format and, for templates and columns, its argument. Format "" or "wide": the table of the kind."""

    format: str
    argument: str = ""
    headers: bool = True

    @classmethod
    def parse(cls, text: str, template: str = "", *, headers: bool = True) -> "Output":
        """Reads the value of -o. Raises CliError."""
        name, equals, argument = text.partition("=")
        argument = argument if equals else template
        if name in ("", *_PLAIN) and not equals:
            return cls(name, headers=headers)
        if name not in _WITH_ARGUMENT:
            allowed = ",".join(FORMATS)
            raise CliError(
                f'unable to match a printer suitable for the output format "{text}", allowed formats are: {allowed}'
            )
        if not argument:
            raise CliError(f"{name} format specified but no template given")
        if name.endswith("-file"):
            return cls(name.removesuffix("-file"), _read_template(argument), headers)
        return cls(name, argument, headers)

    @property
    def is_table(self) -> bool:
        return self.format in ("", "wide")

    def text(self, objects: Sequence[Message], *, as_list: bool) -> str:
        """The objects in this format. `as_list`: as one List, even if it is a single object."""
        if self.format == "name":
            return "".join(f"{qualified_name(item)}\n" for item in objects)
        if self.format == "custom-columns":
            from svclab.cli.custom_columns import columns_text

            return columns_text(self.argument, [object_value(item) for item in objects], headers=self.headers)
        return self._value_text(list_value(objects) if as_list else object_value(objects[0]))

    def watch_text(self, obj: Message) -> str:
        """One object of a watch: a YAML document of its own, or a line where the format brings no line end."""
        text = self.text([obj], as_list=False)
        if self.format == "yaml":
            return f"---\n{text}"
        return text if text.endswith("\n") else f"{text}\n"

    def event_text(self, event_type: str, obj: Message) -> str:
        """One change of a watch, as Kubernetes' WatchEvent."""
        text = self._value_text({"type": event_type, "object": object_value(obj)})
        return f"---\n{text}" if self.format == "yaml" else text

    def _value_text(self, value: Any) -> str:
        if self.format == "json":
            from svclab.cli.documents.write import to_json_text

            return to_json_text(value) + "\n"
        if self.format == "yaml":
            from svclab.cli.documents.write import to_yaml_text

            return to_yaml_text(value)
        return self._jsonpath_text(value)

    def _jsonpath_text(self, value: Any) -> str:
        from svclab.cli import jsonpath

        try:
            template = jsonpath.parse(self.argument)
            if self.format == "jsonpath-as-json":
                import json

                return json.dumps(jsonpath.find(template, value), indent=4, ensure_ascii=False) + "\n"
            return jsonpath.to_text(template, value)
        except jsonpath.JSONPathError as error:
            raise CliError(f'error executing jsonpath "{self.argument}": {error}') from error


def object_value(obj: Message) -> dict[str, Any]:
    """The object's JSON value. The machinery for it is loaded on first use: tables do without."""
    from protos.jsonform import to_object

    return to_object(obj)


def list_value(objects: Sequence[Message]) -> dict[str, Any]:
    """A v1 List of the objects, as kubectl prints several."""
    return {
        "apiVersion": "v1",
        "items": [object_value(item) for item in objects],
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def qualified_name(obj: Any) -> str:
    """`service/web`, `endpointslice.discovery.k8s.io/web-abc`."""
    return f"{kind_of(obj).qualified}/{obj.metadata.name}"


def _read_template(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise CliError(f'error reading --template "{path}": {error.strerror}') from error
