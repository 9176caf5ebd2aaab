"""Where a pod's things lie: state_dir/pods/UID/."""

import json
import os
import shutil
from pathlib import Path

from node_agent.shim.records import RECORD, PodRecord


class PodFolder:
    """The folder of one pod; it exists from before its shim starts until after it has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def uid(self) -> str:
        return self.path.name

    def create(self, record: PodRecord) -> None:
        """Writes the record, whole or not at all: from now on the pod's addresses are its own."""
        self.path.mkdir(parents=True, exist_ok=True)
        temporary = self.path / (RECORD + ".new")
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(record._asdict(), file)
        os.replace(temporary, self.path / RECORD)

    def record(self) -> PodRecord | None:
        """None if the folder is not that of a pod (any more)."""
        try:
            return PodRecord(**json.loads((self.path / RECORD).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def log(self, container: str, attempt: int) -> Path:
        return self.path / "logs" / container / f"{attempt}.log"

    def file(self, name: str, text: str) -> Path:
        """A file of the pod that its containers see, such as etc/hosts; written anew."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def volume(self, name: str) -> Path:
        return self.path / "volumes" / name

    def remove_record(self) -> None:
        """Gives the pod's addresses back; its logs stay."""
        (self.path / RECORD).unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def pod_folders(state_dir: Path) -> list[PodFolder]:
    """The folders of all pods that the node holds or held."""
    pods = state_dir / "pods"
    return [PodFolder(path) for path in sorted(pods.iterdir())] if pods.is_dir() else []


def pod_folder(state_dir: Path, uid: str) -> PodFolder:
    return PodFolder(state_dir / "pods" / uid)
