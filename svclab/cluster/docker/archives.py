"""Files into a container and out of it: the engine takes and gives tar archives."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svclab.client.credentials import CERTIFICATE_FILE

Folders = Mapping[str, Mapping[str, bytes]]  # by name, the files of each by name


def read_folder(api: Any, container: str, folder: str) -> Mapping[str, bytes]:
    """The files of a folder in a container by name; none while there is no such folder."""
    import docker

    try:
        chunks, _ = api.get_archive(container, folder)
        content = io.BytesIO(b"".join(chunks))
    except docker.errors.NotFound:
        return {}
    files = {}
    with tarfile.open(fileobj=content) as archive:
        for member in archive:
            if file := archive.extractfile(member):
                files[Path(member.name).name] = file.read()
    return files


def packed(folders: Folders) -> bytes:
    """A tar archive of folders, for root alone."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for folder, files in folders.items():
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o700
            archive.addfile(entry)
            for name in sorted(files, key=CERTIFICATE_FILE.__eq__):  # the certificate last: readers wait for it
                entry = tarfile.TarInfo(f"{folder}/{name}")
                entry.size, entry.mode = len(files[name]), 0o600
                archive.addfile(entry, io.BytesIO(files[name]))
    return content.getvalue()
