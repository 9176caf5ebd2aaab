"""What a container is to run, with everything that its manifest, its image and its pod say."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from node_agent.config import Config
from node_agent.images import catalogue, cluster_dns
from node_agent.images.catalogue import Image
from node_agent.pods import environment, security, volumes
from node_agent.pods.environment import ConfigError, FindConfigMap, PodFacts, expand
from node_agent.pods.sandbox import Sandbox
from node_agent.shim.records import ContainerSpec
from protos.kubernetes import core_pb2

TERMINATION_LOG = "/dev/termination-log"
NAME_FILES = ("resolv.conf", "hosts", "hostname")


def python_folders() -> list[str]:
    """Where the Python of this agent lies, beside /usr: programs of the catalogue run with it."""
    folders = {os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)}
    return sorted(folder for folder in folders if not Path(folder).is_relative_to("/usr"))


def container_spec(
    pod: core_pb2.Pod,
    container: core_pb2.Container,
    attempt: int,
    sandbox: Sandbox,
    services: Iterable[core_pb2.Service],
    find_config_map: FindConfigMap,
    config: Config,
) -> ContainerSpec:
    """Raises UnknownImage, InvalidImageName or ConfigError."""
    additions = {**cluster_dns.images(config.server, config.dns_credentials), **config.images}
    image = catalogue.find(container.image, additions)
    facts = PodFacts(pod, sandbox.addresses, sandbox.record.node_addresses)
    image_env = {**image.env, **_identity(facts)}
    values = environment.environment(container, facts, services, find_config_map, image_env)
    volumes.lay(pod, sandbox.folder, facts, find_config_map)
    argv, says_listening = _program(image, container, values)
    try:
        identity = security.identity(pod, container)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return ContainerSpec(
        name=container.name,
        attempt=attempt,
        argv=argv,
        env=values,
        cwd=container.workingDir or image.working_dir,
        log=str(_log(sandbox, container.name, attempt)),
        log_limit=config.log_limit,
        binds=_system_binds(container, sandbox, attempt) + list(image.binds) + volumes.binds(container, sandbox.folder),
        root_size=config.root_size,
        read_only_root=identity.read_only_root,
        privileged=identity.privileged,
        says_listening=says_listening,
        stdin=container.stdin,
        user=identity.user,
        group=identity.group,
        capabilities=list(identity.capabilities),
    )


def termination_message(sandbox: Sandbox, container: str, attempt: int) -> str:
    """What the program left in its termination log."""
    try:
        return (sandbox.folder.path / _termination_file(container, attempt)).read_text("utf-8", "replace")[:4096]
    except OSError:
        return ""


def _log(sandbox: Sandbox, container: str, attempt: int) -> Path:
    """The run's log file, in a folder that is there."""
    path = sandbox.folder.log(container, attempt)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _program(image: Image, container: core_pb2.Container, values: dict[str, str]) -> tuple[list[str], bool]:
    command = [expand(word, values) for word in container.command]
    args = [expand(word, values) for word in container.args]
    program = image.program(command, args)
    if not program.argv:
        raise ConfigError("no command specified")
    return list(program.argv), program.says_listening


def _identity(facts: PodFacts) -> dict[str, str]:
    """By what the catalogue's programs tell who they are."""
    pod = facts.pod
    return {
        "SVCLAB_POD": pod.metadata.name,
        "SVCLAB_NAMESPACE": pod.metadata.namespace,
        "SVCLAB_NODE": pod.spec.nodeName,
        "SVCLAB_IP": next(iter(facts.addresses), ""),
    }


def _termination_file(container: str, attempt: int) -> str:
    return f"termination/{container}-{attempt}"


def _system_binds(container: core_pb2.Container, sandbox: Sandbox, attempt: int) -> list[tuple[str, str, bool]]:
    found = [(str(catalogue.PACKAGE), f"{catalogue.INSIDE}/node_agent", True)]
    found += [(folder, folder, True) for folder in python_folders()]
    found += [(str(sandbox.folder.path / "etc" / name), f"/etc/{name}", False) for name in NAME_FILES]
    message = sandbox.folder.file(_termination_file(container.name, attempt), "")
    message.chmod(0o666)
    found.append((str(message), container.terminationMessagePath or TERMINATION_LOG, False))
    return found
