"""What was done after the onset, and what only the bill shows, explains little and only safely."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from billed import AT_ONSET, BEGAN, DAYS, FIRST, LIFE, ONSET, because, explained, noise, sold

from models.anomaly.incident import Incidents

LATER = 5  # days after the onset


def hours(resource: str, cost: float, **also: Any) -> dict[str, Any]:
    """A machine that is billed the whole day and costs so much."""
    return sold(resource, 24, cost / 24, **also)


def base(number: int) -> dict[str, Any]:
    return hours("i-0", 120 * noise(number))


def created(resource: str, days: int) -> dict[str, Any]:
    """What the inventory knows of a machine that somebody launched so long after the onset."""
    at = AT_ONSET + timedelta(days=days)
    return {**LIFE, "resource_id": resource, "created_at": at, "valid_from": at}


def test_a_second_launch_that_comes_later_is_expected_like_the_first() -> None:
    made = explained(
        lambda n, after: [
            base(n),
            *([hours("i-1", 60)] if after else []),
            *([hours("i-2", 180)] if n >= ONSET + LATER else []),
        ],
        raw_resource=[created("i-1", 0), created("i-2", LATER)],
    )
    assert because(made) == "2 resources launched"


def test_a_later_launch_does_not_hide_what_the_incident_began_with() -> None:
    made = explained(
        lambda n, after: [
            hours("i-0", 180 * noise(n)) if after else base(n),
            *([hours("i-2", 280)] if n >= ONSET + LATER else []),
        ],
        raw_resource=[created("i-2", LATER)],
    )
    assert made.anomaly["impact"][0] == pytest.approx(600 + 1400, rel=0.1)
    assert because(made) is None


@pytest.mark.parametrize(("cost", "is_expected"), [(200, True), (400, False)])
def test_a_later_launch_of_a_tenth_of_the_usual_day_is_not_lost_in_the_mean(
    cost: float, is_expected: bool
) -> None:
    made = explained(
        lambda n, after: [
            base(n),
            *([hours("i-1", 20)] if after else []),
            *([hours("i-2", cost)] if n >= DAYS - 2 else []),
        ],
        raw_resource=[created("i-1", 0), created("i-2", DAYS - 2 - ONSET)],
    )
    a_day = made.anomaly["impact"][0] / made.anomaly["days"][0]
    assert a_day < 0.1 * 3120, "the mean day is ordinary"
    assert (because(made) is not None) is is_expected


def test_a_machine_that_runs_away_days_after_its_launch_is_not_launched_then() -> None:
    made = explained(
        lambda n, after: [
            base(n),
            *([hours("i-1", 60)] if after else []),
            *([hours("i-2", 250 if n >= ONSET + 7 else 10)] if n >= ONSET + 3 else []),
        ],
        raw_resource=[created("i-1", 0), created("i-2", 3)],
    )
    assert because(made) is None


@pytest.mark.parametrize(("left", "is_expected"), [(1, True), (4, False)])
def test_a_machine_that_was_billed_for_part_of_its_last_day_is_gone(
    left: int, is_expected: bool
) -> None:
    """Unless it dwindles: then nobody removed it at the onset."""
    made = explained(
        lambda n, after: [
            base(n),
            *([hours("i-1", 100)] if not after else []),
            *([sold("i-1", 12, 50 / 12)] if after and n < ONSET + left else []),
        ],
    )
    assert made.anomaly["direction"].to_list() == ["down"]
    assert made.anomaly["starts_on"].to_list() == [BEGAN]
    assert because(made) == ("1 resource removed or stopped" if is_expected else None)


def known_since(at: datetime) -> list[dict[str, Any]]:
    return [{**LIFE, "account": "shop", "valid_from": at}]


READ_LATER = datetime.combine(FIRST + timedelta(days=DAYS), datetime.min.time())
SMALL = {"sku": "small"}
LARGE = {"sku": "large"}


def resold(after: bool, *, resource: str = "i-1", amount: float = 24, unit: str = "Hours"
           ) -> dict[str, Any]:  # fmt: skip
    if not after:
        return sold(resource, 24, 4, **SMALL, PricingUnit="Hours")
    return sold(resource, amount, 8 * 24 / amount, **LARGE, PricingUnit=unit)


def test_another_sku_in_the_place_of_one_was_a_resize_before_the_inventory_was_read() -> None:
    made = explained(
        lambda n, after: [base(n), resold(after)], raw_resource=known_since(READ_LATER)
    )
    assert because(made) == "1 resource resized, as the bill shows"
    assert "the bill has" in made.cause["changes"].drop_nulls()[0]


@pytest.mark.parametrize("inventory", [[], known_since(datetime(2026, 1, 1))])
def test_where_the_inventory_was_read_it_has_to_show_the_resize(
    inventory: list[dict[str, Any]],
) -> None:
    made = explained(lambda n, after: [base(n), resold(after)], raw_resource=inventory)
    assert because(made) is None


@pytest.mark.parametrize("also", [{"amount": 60}, {"unit": "GB"}])
def test_another_amount_or_unit_is_no_resize(also: dict[str, Any]) -> None:
    made = explained(
        lambda n, after: [base(n), resold(after, **also)], raw_resource=known_since(READ_LATER)
    )
    assert because(made) is None


def test_a_surcharge_beside_the_old_sku_is_no_resize() -> None:
    made = explained(
        lambda n, after: [base(n), resold(after=False), *([resold(after=True)] if after else [])],
        raw_resource=known_since(READ_LATER),
    )
    assert because(made) is None


def test_what_is_sold_otherwise_to_several_on_one_day_is_the_sellers_doing() -> None:
    made = explained(
        lambda n, after: [base(n), resold(after), resold(after, resource="i-2")],
        raw_resource=known_since(READ_LATER),
    )
    assert because(made) is None


def test_a_resize_of_a_tenth_of_the_usual_day_is_looked_at() -> None:
    made = explained(
        lambda n, after: [base(n), sold("i-1", 24, 20 if after else 4,
                                        "large" if after else "small")],
        raw_resource=known_since(READ_LATER),
    )  # fmt: skip
    assert because(made) is None


def launched(cost: float, **new: Any) -> Incidents:
    """A machine launched at the onset, in an account where a team had one for a year."""
    old = {**LIFE, "account": "shop", "resource_id": "i-0", "tags": '{"team": "checkout"}',
           "valid_from": LIFE["created_at"]}  # fmt: skip
    return explained(
        lambda n, after: [base(n), *([hours("i-1", cost)] if after else [])],
        raw_resource=[old, {**created("i-1", 0), "account": "shop", **new}],
    )


@pytest.mark.parametrize(
    ("cost", "tags", "is_expected"),
    [
        (250, None, True),
        (500, '{"team": "checkout"}', True),
        (500, None, False),
        (500, '{"team": "miners"}', False),
        (500, '{"team": ""}', False),
        (700, '{"team": "checkout"}', False),
    ],
)
def test_above_a_tenth_of_the_usual_day_a_known_team_must_answer_for_a_launch(
    cost: float, tags: str | None, is_expected: bool
) -> None:
    assert (because(launched(cost, tags=tags)) is not None) is is_expected


def test_a_team_of_another_account_answers_for_nothing() -> None:
    assert because(launched(500, tags='{"team": "checkout"}', account="blog")) is None
