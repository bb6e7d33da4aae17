"""Write money the way a reader expects it: short in cards, full in tables, per currency."""

import re
from decimal import Decimal

from app.words import visible

SIGNS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩",
    "BRL": "R$", "CAD": "CA$", "AUD": "A$", "MXN": "MX$", "ILS": "₪", "PLN": "zł\u00a0", "TRY": "₺",
}  # fmt: skip
WHOLE = {"JPY", "KRW", "CLP", "VND", "ISK", "HUF"}  # nobody uses their hundredths
NAMED = {"USD": "dollar", "EUR": "euro", "JPY": "yen"}  # tables know these by name
STEPS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))
UNKNOWN = "unknown"
MARKUP = re.compile(r"[\\`*\[\]<>~$:]|(?<!\w)[_#]|_(?!\w)|&(?=#?\w+;)")  # in Markdown
UNESCAPABLE = re.compile(
    r"(?<=:)(?=material/)|(?<=http:|ttps:)(?=//)|(?<=www)(?=\.)|(?<=\w|[.+-])(?=@)", re.I
)
WORD_JOINER = "\u2060"  # no width, no break

Amount = Decimal | float | int


def sign(currency: str) -> str:
    """What stands in front of an amount: `$`, or the code itself where there is no sign."""
    return SIGNS.get(currency, f"{currency}\u00a0")


def short(amount: Amount | None, currency: str) -> str:
    """Three significant digits, for cards.

    >>> short(1_712_345, "USD"), short(-950, "EUR"), short(None, "USD")
    ('$1.71M', '-€950', 'unknown')
    """
    if amount is None:
        return UNKNOWN
    return f"{'-' if amount < 0 else ''}{sign(currency)}{_scaled(abs(float(amount)))}"


def signed(amount: Amount | None, currency: str) -> str:
    """Like `short`, with a plus sign for what was added."""
    text = short(amount, currency)
    return f"+{text}" if amount is not None and amount > 0 else text


def full(amount: Amount | None, currency: str) -> str:
    """Every digit that can be paid.

    >>> full(Decimal("1712345.678"), "USD"), full(1712345.6, "JPY")
    ('$1,712,345.68', '¥1,712,346')
    """
    if amount is None:
        return UNKNOWN
    digits = 0 if currency in WHOLE else 2
    return f"{'-' if amount < 0 else ''}{sign(currency)}{abs(amount):,.{digits}f}"


def between(low: Amount | None, high: Amount | None, currency: str) -> str:
    """A range of money; one figure if both ends read the same.

    >>> between(5, 5, "USD"), between(-5, 5, "USD")
    ('$5.00', '-$5.00 to $5.00')
    """
    if low is None or high is None:
        return UNKNOWN
    if low < 0 or short(low, currency) == short(high, currency):
        ends = short(low, currency), short(high, currency)
        return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f"{sign(currency)}{_scaled(float(low))}\N{EN DASH}{_scaled(float(high))}"


def full_range(low: Amount | None, high: Amount | None, currency: str) -> str:
    """A range with every digit; one figure if both ends read the same.

    >>> full_range(5, 7, "USD"), full_range(5, 5, "USD")
    ('$5.00 to $7.00', '$5.00')
    """
    ends = full(low, currency), full(high, currency)
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def column(label: str, currency: str) -> tuple[str, str]:
    """Label and number format of a table column; the label names currencies without a format.

    >>> column("Cost", "USD"), column("Cost", "GBP")
    (('Cost', 'dollar'), ('Cost, GBP', '%,.2f'))
    """
    if currency in NAMED:
        return label, NAMED[currency]
    return f"{label}, {currency}", f"%,.{0 if currency in WHOLE else 2}f"


def change(now: Amount | None, before: Amount | None) -> float | None:
    """Relative change; None when there is nothing to compare with, or credits outweigh the costs.

    >>> change(150, 100), change(-356, -3)
    (0.5, None)
    """
    if now is None or before is None or before <= 0 or now < 0:
        return None
    return float(now) / float(before) - 1


def share(part: Amount, whole: Amount) -> float | None:
    """A part of the whole; None where credits make it less than nothing, or more than all.

    >>> share(1, 4), share(5, -3), share(5, 4)
    (0.25, None, None)
    """
    return float(part) / float(whole) if whole > 0 and 0 <= part <= whole else None


def percent(share: float | None, digits: int = 0) -> str:
    """A share in percent.

    >>> percent(0.123), percent(0.0042, 1), percent(None)
    ('12%', '0.4%', 'unknown')
    """
    return UNKNOWN if share is None else f"{share * 100:,.{digits}f}%"


def chance(share: float | None) -> str:
    """A probability as people read it; never 0 or 100 while it is neither.

    >>> chance(0.004), chance(0.37), chance(0.999), chance(1.0), chance(None)
    ('< 1%', '37%', '> 99%', '100%', 'unknown')
    """
    if share is None:
        return UNKNOWN
    if 0 < share < 0.01:
        return "< 1%"
    return "> 99%" if 0.99 < share < 1 else percent(share)


def markdown(text: str) -> str:
    r"""Text as it reads, in places that take Markdown: no name in it becomes a link or a badge.

    >>> print(markdown("$5 to $9"), markdown("my_db [:red[x](y)"), markdown("web:blue"))
    \$5 to \$9 my_db \[\:red\[x\](y) web\:blue
    """
    text = visible(" ".join(text.splitlines()))
    # Addresses and icons are found after escapes are gone, so only something in between helps.
    return MARKUP.sub(r"\\\g<0>", UNESCAPABLE.sub(WORD_JOINER, text))


def code(text: str) -> str:
    """An id or a state in the letters of code, whatever it holds.

    >>> code("i-1"), code("a`b")
    ('`i-1`', '`` a`b ``')
    """
    text = visible(text)
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{fence} {text} {fence}"


def _scaled(amount: float) -> str:
    for step, letter in STEPS:
        if amount >= step * 0.9995:
            return f"{_three_digits(amount / step)}{letter}"
    return _three_digits(amount) if amount else "0"


def _three_digits(amount: float) -> str:
    for limit, digits in ((9.995, 2), (99.95, 1)):
        if amount < limit:
            return f"{amount:.{digits}f}"
    return f"{amount:.0f}"
