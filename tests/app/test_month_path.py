"""The line of the running month ends at the figure of its card."""

from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from estate import AS_OF, day, line, rows, warehouse

from warehouse.build import build

MADE_ON = day("2026-03-18")
SERIES = {"cloud": "aws", "service": "EC2", "currency": "USD"}


def ahead(account: str, mean: float) -> list[dict[str, Any]]:
    return [
        {**SERIES, "account": account, "day": MADE_ON + timedelta(number), "mean": mean}
        for number in range(20)
    ]


def total(level: str, known: float, mean: float, days: int, **of: str) -> dict[str, Any]:
    return {"horizon": "month_end", "level": level, "currency": "USD", "known": known,
            "mean": mean, "estimated_days": days, "starts_on": day("2026-03-01"),
            "ends_on": day("2026-04-01"), "made_on": MADE_ON, **of}  # fmt: skip


def path(**tables: list[dict[str, Any]]) -> dict[date, float]:
    connection = warehouse(**tables)
    build(connection, AS_OF)
    connection.execute("set variable currency = 'USD'; set variable first = date '2026-03-01'")
    query = (files("app.dashboard") / "queries" / "month_path.sql").read_text()
    return {row["day"]: row["cost"] for row in rows(connection, query)}


def test_the_days_that_a_late_bill_does_not_cover_are_on_the_way_to_the_forecast() -> None:
    late = {"BillingAccountId": "late", "SubAccountId": "late"}
    found = path(
        raw_focus=[
            # Of the 18th and 19th a part is billed; the forecast is of the whole days.
            *(line(f"2026-03-{number:02}", "1") for number in range(1, 20)),
            *(line(f"2026-03-{number:02}", "10", **late) for number in range(1, 11)),
        ],
        models_forecast=[*ahead("shop", 2), *ahead("late", 10)],
        models_forecast_total=[
            total("service", 17, 17 + 14 * 2, 0, **SERIES, account="shop"),
            total("service", 100, 100 + 7 * 12 + 14 * 10, 7, **SERIES, account="late"),
            total("total", 117, 369, 7),
        ],
    )
    assert found[day("2026-03-10")] == pytest.approx(110)
    assert found[day("2026-03-11")] == pytest.approx(110 + 1 + 12)
    assert found[day("2026-03-17")] == pytest.approx(117 + 7 * 12)
    assert found[day("2026-03-31")] == pytest.approx(369)


def test_without_a_forecast_the_line_is_what_is_billed() -> None:
    assert path(raw_focus=[line("2026-03-18", "5")]) == {day("2026-03-18"): 5}
