"""Port numbers and names as the command line gives them."""

from protos.kubernetes.meta_pb2 import IntOrString
from svclab.cli.errors import BadUsage


def parse_port(text: str) -> int:
    """A port number. Raises BadUsage."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise BadUsage(f'invalid port "{text}": must be a number between 1 and 65535')
    return int(text)


def target_port(text: str) -> IntOrString:
    """A target port: a number or the name of a container's port. Raises BadUsage."""
    if text.lstrip("-").isdecimal():
        return IntOrString(type=0, intVal=parse_port(text))
    return IntOrString(type=1, strVal=text)
