"""`svclab diff`."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from protos.jsonform import to_object
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.documents.write import to_yaml_text
from svclab.cli.errors import CliError, ExitWith, api_error_text, api_error_type, is_not_found
from svclab.cli.input import ManifestOptions, manifests_of, require_names
from svclab.cli.last_applied import annotate, last_applied_value, modified_value
from svclab.cli.manifests import Manifest
from svclab.cli.settings import client

EXAMPLES = """
# What would apply change?
svclab diff -f web.yaml

# Read from stdin
cat web.yaml | svclab diff -f -
"""


@command("diff", examples=EXAMPLES, usage="-f FILENAME [options]")
@options.filenames
@options.validation
@options.given_as(ManifestOptions)
def diff(files: ManifestOptions) -> None:
    """Diff the live objects against what they would be if the files were applied.

    The output is always YAML. KUBECTL_EXTERNAL_DIFF selects your own diff command with its options; by default "diff"
    is run with "-u" and "-N". Exit status: 0 no differences were found, 1 differences were found, >1 an error occurred.
    """
    try:
        manifests = manifests_of(files, "diff")
        require_names(manifests)
        pairs = [(_file_name(manifest), *_texts(manifest)) for manifest in manifests]
    except CliError as error:
        error.exit_code = 2
        raise
    except Exception as error:
        if not isinstance(error, api_error_type()):
            raise
        failed = CliError(api_error_text(error))
        failed.exit_code = 2
        raise failed from error
    if code := _show(pairs):
        raise ExitWith(code)


def _file_name(manifest: Manifest) -> str:
    kind = manifest.kind
    return f"{kind.api_version.replace('/', '.')}.{kind.kind}.{manifest.namespace}.{manifest.name}"


def _texts(manifest: Manifest) -> tuple[str, str]:
    """The live object and what the server would make of it, as YAML; "" for one that is not there yet."""
    from protos.patch import three_way_strategic

    value = modified_value(manifest)
    try:
        live = client().get(manifest.kind, manifest.name, manifest.namespace)
    except Exception as error:
        if not is_not_found(error):
            raise
        return "", to_yaml_text(to_object(client().create(annotate(manifest.message, value), dry_run=True)))
    patch = three_way_strategic(manifest.kind.message, last_applied_value(live) or {}, value, to_object(live))
    after = live
    if patch:
        after = client().patch(manifest.kind, manifest.name, manifest.namespace, patch, type="strategic", dry_run=True)
    return to_yaml_text(_comparable(live)), to_yaml_text(_comparable(after))


def _comparable(obj: Any) -> dict[str, Any]:
    """Without what every write changes by itself."""
    value = to_object(obj)
    value["metadata"].pop("resourceVersion", None)
    return value


def _show(pairs: list[tuple[str, str, str]]) -> int:
    """Runs the diff command on two folders; its exit status."""
    command_line = shlex.split(os.environ.get("KUBECTL_EXTERNAL_DIFF", "")) or ["diff", "-u", "-N"]
    with tempfile.TemporaryDirectory(prefix="svclab-diff-") as folder:
        live, merged = Path(folder, "LIVE"), Path(folder, "MERGED")
        for side, texts in ((live, [pair[1] for pair in pairs]), (merged, [pair[2] for pair in pairs])):
            side.mkdir()
            for (name, _, _), text in zip(pairs, texts, strict=True):
                if text:
                    (side / name).write_text(text, encoding="utf-8")
        try:
            return subprocess.run([*command_line, str(live), str(merged)], check=False).returncode
        except FileNotFoundError as error:
            raise CliError(f'cannot run "{command_line[0]}": set KUBECTL_EXTERNAL_DIFF to a diff program') from error
