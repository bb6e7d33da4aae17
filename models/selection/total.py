"""What an offer costs in all: the machine, what idle commitments take off, disk, egress, restarts.

Everything is per hour, exact to the ninth digit. A part that was asked for and that no source
states is null, and so is the total: what is unknown is not zero.
"""

from models.selection.requirements import Requirements

HOURS_A_MONTH = 730.5  # of 30.4375 days, as everywhere here
MARGINAL = "if(commitment_id is null, priced.price_hour, priced.price_hour - covered_hour)"
NOTHING = "0::decimal(18, 9)"


def parts(asked: Requirements) -> str:
    """SQL: the parts of the price of an hour; one that was not asked for is zero.

    `marginal_hour` is the list price less what something idle that is owned already pays for; null
    where that can't be told.
    """
    return ", ".join(f"{sql} as {name}" for name, sql in _parts(asked).items())


def licence(asked: Requirements) -> str:
    """SQL: what of the price is for the operating system: more than the same machine with linux."""
    return NOTHING if asked.os == "linux" else "priced.price_hour - plain.price_hour"


def sums(asked: Requirements) -> str:
    """SQL: `total_hour`, and `least_hour`, the same with unknown parts left out, for the order.

    Where it can't be told what is covered, the list price counts: the most it can be.
    """
    compute = f"coalesce({MARGINAL}, priced.price_hour)"
    extra = [
        sql for name, sql in _parts(asked).items() if name != "marginal_hour" and sql != NOTHING
    ]
    total = " + ".join([compute, *extra])
    least = " + ".join([compute, *(f"coalesce({sql}, 0)" for sql in extra)])
    return f"{total} as total_hour, {least} as least_hour"


def of_place(asked: Requirements) -> list[str]:
    """SQL: those parts that were asked for and that a place has, whichever machine is there."""
    parts = _parts(asked)
    return [parts[name] for name in ("disk_hour", "egress_hour") if parts[name] != NOTHING]


def _parts(asked: Requirements) -> dict[str, str]:
    return {
        "marginal_hour": MARGINAL,
        "disk_hour": _monthly(asked.disk_gib, "disk_gib_month"),
        "egress_hour": _monthly(asked.egress_gib_month, "egress_gib"),
        "restart_hour": _restarts(asked.restart_hours),
    }


def _monthly(amount: float | None, price: str) -> str:
    """`amount` of something priced by the month."""
    return _exact(f"{amount!r} * {price}::double / {HOURS_A_MONTH!r}") if amount else NOTHING


def _restarts(hours: float | None) -> str:
    """Work lost to interruptions: hours paid for in vain, by how often that happens at most.

    The bucket's upper end is the share of machines that are taken away within a month; the topmost
    bucket has none. A machine that is no spot machine is not taken away.
    """
    if not hours:
        return NOTHING
    share = "if(is_spot, interruption_high, 0) / 100"
    return _exact(f"priced.price_hour::double * {hours!r} * {share} / {HOURS_A_MONTH!r}")


def _exact(sql: str) -> str:
    return f"round({sql}, 9)::decimal(18, 9)"
