"""What the command `forecasts` answers: sums to the end of each period, per scope."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from app.answer import Answer
from app.dashboard.money import between, full
from app.exact import exact_rows
from app.rows import read
from app.session import Session
from app.tables import footer, table
from app.words import HORIZONS, cloud_name, period

Row = dict[str, Any]
DAY = timedelta(days=1)
MONEY = ("known", "mean", "lo80", "hi80", "lo95", "hi95")
LEVELS = ("total", "cloud")  # unless another is asked for
# The total first, then the scope that costs most until the year ends; periods as on the page.
SUMS = f"""
    select one.*, named.account_name
    from models.forecast_total as one
    left join marts.account as named using (cloud, account)
    order by one.currency, one.level <> 'total', one.level,
        max(one.mean) over (
            partition by one.currency, one.level, one.cloud, one.account, one.service
        ) desc,
        one.cloud, one.account, one.service, list_position({list(HORIZONS)}, one.horizon)"""
STEPS = """
    select starts_on, cloud, commitment_id, currency, sum(daily) as daily
    from models.forecast_step group by all order by starts_on, commitment_id, currency"""


def forecasts(session: Session, level: str | None) -> Answer:
    """Those of a level; without one all of them, of which the table shows total and clouds."""
    found = [one for one in read(session, SUMS) if level in (None, one["level"])]
    steps = read(session, STEPS)
    today = session.lake.published().as_of.date()

    def view() -> list[Any]:
        if not found:
            return ["No forecasts."]
        shown = [one for one in found if level or one["level"] in LEVELS]
        return [_table(shown, today), *_steps(steps), *_begun(found), footer(session.snapshot)]

    document = {
        "forecasts": exact_rows(found, MONEY), "steps": exact_rows(steps, ("daily",)),
        "snapshot": session.snapshot,
    }  # fmt: skip
    return Answer(document, view)


def _table(found: Sequence[Row], today: date) -> Any:
    rows = [
        (
            _scope(one), _period(one, today), one["ends_on"] - DAY,
            full(one["known"], one["currency"]) if one["starts_on"] < one["made_on"] else None,
            full(one["mean"], one["currency"]),
            between(one["lo80"], one["hi80"], one["currency"]),
        )
        for one in found
    ]  # fmt: skip
    return table(["of", "period", "until", ">billed", ">expected", ">80 % range"], rows)


def _period(one: Row, today: date) -> str:
    name = period(one["horizon"], one["starts_on"], one["ends_on"] - DAY, today)
    return name.lower() if name in HORIZONS.values() else name


def _scope(one: Row) -> str:
    """`AmazonEC2 in shop-prod, AWS`."""
    if one["cloud"] is None:
        return "everything"
    account = one["account_name"] or one["account"]
    inside = " in ".join(part for part in (one["service"], account) if part)
    return ", ".join(part for part in (inside, cloud_name(one["cloud"])) if part)


def _steps(steps: Sequence[Row]) -> list[str]:
    return [
        f"counted as not renewed: {one['commitment_id']} ends on {one['starts_on']}, "
        f"{'+' if one['daily'] > 0 else ''}{full(one['daily'], one['currency'])} a day"
        for one in steps
    ]


def _begun(found: Sequence[Row]) -> list[str]:
    """Where there are no bills from the beginning of the year."""
    begun = {
        one["currency"]: one["billed_from"]
        for one in found
        if one["level"] == "total" and one["horizon"] == "year_end"
        and one["billed_from"] is not None and one["billed_from"] > one["starts_on"]
    }  # fmt: skip
    return [
        f"{currency}: there are bills from {day} only; if there was cost before, the sums of "
        "longer periods do not count it"
        for currency, day in begun.items()
    ]
