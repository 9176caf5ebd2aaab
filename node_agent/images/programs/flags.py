"""Command lines as Go's flag packages read them: `--name=value`, `--name value`, `-name=value`."""


def parse(arguments: list[str], defaults: dict[str, str]) -> dict[str, str]:
    """The value of each flag in `defaults`. Raises ValueError with one line for a flag that is not there."""
    values, rest = dict(defaults), list(arguments)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or name not in defaults:
            raise ValueError(
                f"unknown argument {word}: this program knows {', '.join('--' + flag for flag in defaults)}"
            )
        if not has_value:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        values[name] = value
    return values


def numbers(text: str) -> list[int]:
    """The positive numbers of a comma-separated list: -1 stands for none."""
    return [int(part) for part in text.split(",") if int(part) > 0]
