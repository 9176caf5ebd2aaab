"""`a=1` and `a=1,b=2` on the command line."""

from svclab.cli.errors import BadUsage


def parse_pair(text: str, what: str) -> tuple[str, str]:
    """The two sides of key=value. Raises BadUsage; `what` names the thing."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise BadUsage(f"invalid {what} {text}, expected key=value")
    return key, value


def parse_pairs(text: str, what: str) -> dict[str, str]:
    """The pairs of a comma-separated list. Raises BadUsage; `what` names the option."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise BadUsage(f'unexpected {what} "{part}", expected key=value')
        found[key] = value
    return found
