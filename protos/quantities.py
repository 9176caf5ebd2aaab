"""Resource quantities (`100m`, `2Gi`, `1e3`): parsed exactly, written in Kubernetes' canonical form."""

import re
from decimal import Decimal
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,4}|)")
_BINARY = {suffix: Fraction(1024) ** power for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL = {
    suffix: Fraction(10) ** power
    for power, suffix in zip(range(-9, 19, 3), ("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), strict=True)
}
PATTERN_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def parse(text: str) -> Fraction:
    """The amount. Raises ValueError with Kubernetes' text."""
    return _split(text)[0]


def canonical(text: str) -> str:
    """The same amount in canonical form: no fraction, the largest suffix that fits, the suffix's own family kept.

    Raises ValueError with Kubernetes' text.
    """
    amount, suffix = _split(text)
    # Kubernetes keeps nothing finer than a billionth: it rounds away from zero.
    nanos = amount * 10**9
    amount = Fraction(
        -(-nanos.numerator // nanos.denominator) if amount > 0 else nanos.numerator // nanos.denominator, 10**9
    )
    if amount == 0:
        return "0"
    if suffix[-1:] == "i" and amount.denominator == 1 and abs(amount) >= 1024:
        return _largest(amount, _BINARY)
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix[1] != "i":
        return _exponent(amount)
    return _largest(amount, _DECIMAL)


def _split(text: str) -> tuple[Fraction, str]:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(PATTERN_TEXT)
    number, suffix = match.groups()
    scale = _BINARY.get(suffix) or _DECIMAL.get(suffix)
    return Fraction(number) * scale if scale else Fraction(Decimal(f"{number}e{suffix[1:]}")), suffix


def _largest(amount: Fraction, scales: dict[str, Fraction]) -> str:
    for suffix, scale in reversed(scales.items()):
        if (amount / scale).denominator == 1:
            return f"{amount / scale}{suffix}"
    return str(amount)


def _exponent(amount: Fraction) -> str:
    """Exponents are multiples of three, as the suffixes are."""
    for power in range(18, -10, -3):
        if (amount / Fraction(10) ** power).denominator == 1:
            return f"{amount / Fraction(10) ** power}" + (f"e{power}" if power else "")
    return str(amount)
