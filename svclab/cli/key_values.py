"""`a=1,b=2` on the command line."""

from svclab.cli.errors import BadUsage


def parse_pairs(text: str, what: str) -> dict[str, str]:
    """The pairs of a comma-separated list. Raises BadUsage; `what` names the option."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise BadUsage(f'unexpected {what} "{part}", expected key=value')
        found[key] = value
    return found
