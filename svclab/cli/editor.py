"""The person's editor."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from svclab.cli.errors import CliError


def edit_text(text: str, suffix: str) -> str:
    """What the editor of $KUBE_EDITOR, $VISUAL or $EDITOR (else vi) makes of the text. Raises CliError."""
    command = next(filter(None, map(os.environ.get, ("KUBE_EDITOR", "VISUAL", "EDITOR"))), "vi")
    with tempfile.NamedTemporaryFile("w", prefix="svclab-edit-", suffix=suffix, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            subprocess.run([*shlex.split(command), file.name], check=True)
        except FileNotFoundError as error:
            raise CliError(f'unable to launch the editor "{command}": set KUBE_EDITOR or EDITOR') from error
        except subprocess.CalledProcessError as error:
            raise CliError(f'there was a problem with the editor "{command}": exit code {error.returncode}') from error
        return Path(file.name).read_text(encoding="utf-8")


def keep_text(text: str, suffix: str) -> str:
    """Keeps what somebody has written; the path of the file."""
    descriptor, path = tempfile.mkstemp(prefix="svclab-edit-", suffix=suffix)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
