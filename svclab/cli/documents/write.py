"""Values to YAML and JSON text, as kubectl prints them: sorted keys, two or four spaces."""

import json
from typing import Any


def to_json_text(value: Any) -> str:
    """Indented JSON, without a newline at its end."""
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False)


def to_yaml_text(value: Any) -> str:
    """YAML with a newline at its end."""
    import yaml

    text: str = yaml.dump(value, Dumper=_dumper(), default_flow_style=False, allow_unicode=True, sort_keys=True)
    return text


def _dumper() -> Any:
    """PyYAML's C emitter, with the styles that go-yaml chooses.

    Every scalar is given to the emitter as text in the style that it must have, so that it resolves nothing itself.
    """
    import yaml

    from svclab.cli.documents.scalars import is_ambiguous

    class Dumper(yaml.CSafeDumper):
        yaml_implicit_resolvers: dict[str, Any] = {}

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: Any, text: str) -> Any:
        style = '"' if is_ambiguous(text) else "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def represent_plain(dumper: Any, value: Any) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", json.dumps(value))

    Dumper.add_representer(str, represent_text)
    for plain in (bool, int, float, type(None)):
        Dumper.add_representer(plain, represent_plain)
    return Dumper
