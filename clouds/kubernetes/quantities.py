"""Amounts as Kubernetes writes them: `500m` of a CPU, `1Gi` of memory."""

from decimal import Decimal, InvalidOperation

from clouds.errors import Unreadable

GIB = Decimal(2**30)
SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "P": Decimal(10**15), "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20),
    "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


def amount(text: str | int | float) -> Decimal:
    """The number that a quantity stands for: cores, or bytes. Raises `Unreadable`.

    >>> amount("500m"), amount("2"), amount("1Ki"), amount("1e3")
    (Decimal('0.500'), Decimal('2'), Decimal('1024'), Decimal('1E+3'))
    """
    written = str(text)
    number = written.rstrip("numkMGTPEi") if not written[-1:].isdigit() else written
    try:
        return Decimal(number) * SUFFIXES[written[len(number) :]]
    except (InvalidOperation, KeyError) as error:
        raise Unreadable(
            f"found the quantity {written[:40]!r}; expected one of Kubernetes, such as 500m or 1Gi"
        ) from error


def plain(value: Decimal) -> str:
    """A number without an exponent and without zeros at its end; six places.

    >>> plain(amount("1500m")), plain(amount("1Gi") / GIB), plain(Decimal(0))
    ('1.5', '1', '0')
    """
    return f"{round(value, 6).normalize():f}"
