"""What AWS's own reports say of reservations and savings plans, up to what is told of each."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from bills import lake_in, load, query, write
from reports import PLAN, RESERVED, cur, underscored

from warehouse.build import build

OCTOBER = [f"2026-10-{day:02d}" for day in range(1, 32)] + ["2026-11-01"]
NOVEMBER = [f"2026-11-{day:02d}" for day in range(1, 11)]


def charge(kind: str, cost: str, start: str, end: str, **more: str) -> dict[str, str]:
    month = int(start[5:7])
    return cur(kind, cost, **{
        "bill/BillingPeriodStartDate": f"2026-{month}-01T00:00:00Z",
        "bill/BillingPeriodEndDate": f"2026-{month + 1}-01T00:00:00Z",
        "lineItem/UsageStartDate": f"{start}T00:00:00Z",
        "lineItem/UsageEndDate": f"{end}T00:00:00Z", **more,
    })  # fmt: skip


def fee(start: str, end: str, recurring: str, upfront: str, paid: str) -> dict[str, str]:
    return charge("RIFee", paid, start, end, **{
        "reservation/ReservationARN": RESERVED, "reservation/UnusedRecurringFee": recurring,
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": upfront,
    })  # fmt: skip


def of_a_day(start: str, end: str, is_reserved: bool) -> list[dict[str, str]]:
    plan = {"savingsPlan/SavingsPlanARN": PLAN}
    found = [
        charge("SavingsPlanCoveredUsage", "4", start, end,
               **plan, **{"savingsPlan/SavingsPlanEffectiveCost": "2"}),
        charge("SavingsPlanNegation", "-4", start, end, **plan),
        charge("SavingsPlanRecurringFee", "3", start, end, **plan,
               **{"savingsPlan/TotalCommitmentToDate": "3", "savingsPlan/UsedCommitment": "2"}),
    ]  # fmt: skip
    if is_reserved:
        found.append(charge("DiscountedUsage", "0", start, end, **{
            "reservation/ReservationARN": RESERVED, "reservation/EffectiveCost": "1",
        }))  # fmt: skip
    return found


def report() -> list[dict[str, str]]:
    """A reservation of 1 a day is used on 20 days of October and on all of November, a plan of
    3 a day for 2 of them."""
    rows = [fee("2026-10-01", "2026-11-01", "7", "4", "19"),
            fee("2026-11-01", "2026-12-01", "14", "7", "18")]  # fmt: skip
    for number, (start, end) in enumerate(pairwise(OCTOBER)):
        rows += of_a_day(start, end, is_reserved=number < 20)
    for start, end in pairwise(NOVEMBER):
        rows += of_a_day(start, end, is_reserved=True)
    return rows


@pytest.mark.parametrize("style", ["slashes", "underscores"])
def test_what_was_paid_for_nothing_is_known_and_counted_once(style: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = report()
    if style == "underscores":
        rows = [underscored(row) for row in rows]
    load(lake, write(tmp_path / "cur.csv", rows))
    with lake.write("commitments") as write_:
        write_.connection.execute(
            "insert into raw.commitment (source, cloud, account, commitment_id, kind, hourly_cost,"
            " currency, quantity, starts_at, ends_at) values"
            f" ('s', 'aws', '1', '{RESERVED}', 'reservation', 0.0417, 'USD', 2,"
            " '2026-01-01', '2027-01-01')"
        )
        build(write_.connection, datetime(2026, 11, 10, 12))
    used = query(
        lake,
        "select commitment_id, committed_cost, used_cost, unused_cost from marts.commitment_use"
        " where month = '2026-10-01' order by all",
    )
    assert used == [(RESERVED, 31, 20, 11), (PLAN, 93, 62, 31)]
    owned = query(
        lake,
        "select commitment_id, until::varchar, days, committed_cost, used_cost, unused_cost"
        " from marts.commitment_owned order by all",
    )
    assert owned == [(RESERVED, "2026-11-01", 31, 31, 20, 11), (PLAN, "2026-11-10", 30, 90, 60, 30)]
    [(share, hours, quantity)] = query(
        lake, "select idle_share, hours, idle_quantity from marts.commitment_idle"
    )
    assert (share, hours) == (pytest.approx(11 / 31), 31 * 24)
    assert quantity == pytest.approx(22 / 31)
    # Every dollar of the two months once: what was paid, and what that paid for.
    assert query(lake, "select sum(BilledCost), sum(EffectiveCost) from raw.focus") == [
        (Decimal(19 + 18 + 3 * 40), Decimal(31 + 21 + 9 + 3 * 40))
    ]
    assert query(lake, "select sum(effective_cost) from marts.daily_cost") == [(Decimal(181),)]
