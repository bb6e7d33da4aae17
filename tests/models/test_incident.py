"""Incidents of one cause are one, its causes add up, and what was to be expected says so."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import FIRST, frame, planted_costs

from models import attribution
from models.anomaly.incident import Facts, Incidents, incidents, severity
from models.anomaly.run import Found, find

DAYS = 120
CALENDAR = [FIRST + timedelta(days=k) for k in range(DAYS)]
UNTIL = CALENDAR[-1] + timedelta(days=1)
ONSET = 100
CHANGES = {"id": pl.String, "resource_id": pl.String, "what": pl.String, "at": pl.Datetime("us"),
           "text": pl.String}  # fmt: skip
COMMITMENTS = {"id": pl.String, "commitment_id": pl.String, "what": pl.String,
               "on_day": pl.Date}  # fmt: skip


def stepped(onsets: list[int], factor: float = 2.0) -> Found:
    """One series a row, each of which steps up on its day."""
    random = np.random.default_rng(1)
    values = 100 * random.normal(1, 0.02, (len(onsets), DAYS))
    for row, onset in enumerate(onsets):
        values[row, onset:] *= factor
    return find(frame(values, CALENDAR), until=UNTIL)


def item(
    one: dict[str, Any], dimension: str, value: str, share: float = 1.0, *, carried: float = 0.5,
    price: float = 0.0, **also: Any,
) -> dict[str, Any]:  # fmt: skip
    """A value that explains that share of a series' incident."""
    impact = Decimal(str(round(one["impact"] * share, 9)))
    expected = Decimal(str(round(one["expected"] * carried, 9)))
    by_price = Decimal(str(round(float(impact) * price, 9)))
    zero = Decimal("0.000000000")
    return {
        "id": one["id"], "dimension": dimension, "value": value, "name": None,
        "actual": expected + impact, "expected": expected, "impact": impact,
        "quantity_effect": impact - by_price, "price_effect": by_price, "mix_effect": zero,
        "is_new": False, "is_gone": False, "is_resized": False, **also,
    }  # fmt: skip


def together(
    found: Found,
    items: list[dict[str, Any]],
    changes: list[dict[str, Any]] | None = None,
    commitments: list[dict[str, Any]] | None = None,
) -> Incidents:
    whole = [
        item(one, dimension, one[dimension] if dimension == "service" else "any", carried=1.0)
        for one in found.incidents.to_dicts()
        for dimension in ("service", "sku")
    ]
    facts = Facts(
        pl.DataFrame([*whole, *items], infer_schema_length=None),
        pl.DataFrame(changes or [], schema=CHANGES),
        pl.DataFrame(commitments or [], schema=COMMITMENTS),
    )
    return incidents(found, facts, until=UNTIL)


def test_series_that_one_resource_explains_are_one_incident() -> None:
    found = stepped([ONSET, ONSET + 1])
    shared = [item(one, "resource", "bucket-1") for one in found.incidents.to_dicts()]
    made = together(found, shared)
    (incident,) = made.anomaly.to_dicts()
    assert incident["members"] == made.member.height == 2
    assert incident["starts_on"] == CALENDAR[ONSET]
    assert incident["impact"] == pytest.approx(found.incidents["impact"].sum())
    assert incident["resource_id"] == "bucket-1"
    assert "2 series" in incident["scope"]


def test_series_of_other_resources_or_onsets_stay_apart() -> None:
    found = stepped([ONSET, ONSET])
    one, other = found.incidents.to_dicts()
    assert together(found, [item(one, "resource", "a"), item(other, "resource", "b")]
                    ).anomaly.height == 2  # fmt: skip
    late = stepped([ONSET - 20, ONSET])
    shared = [item(each, "resource", "a") for each in late.incidents.to_dicts()]
    assert together(late, shared).anomaly.height == 2


@pytest.mark.parametrize(("price", "count"), [(1.0, 1), (0.0, 2)])
def test_a_shared_sku_ties_series_only_by_its_price(price: float, count: int) -> None:
    found = stepped([ONSET, ONSET])
    shared = [item(one, "sku", "egress", price=price) for one in found.incidents.to_dicts()]
    facts = Facts(pl.DataFrame([*shared, *(item(one, "service", one["service"], carried=1.0)
                  for one in found.incidents.to_dicts())]),
                  pl.DataFrame(schema=CHANGES), pl.DataFrame(schema=COMMITMENTS))  # fmt: skip
    assert incidents(found, facts, until=UNTIL).anomaly.height == count


@pytest.mark.parametrize(("carried", "count"), [(0.2, 1), (1.0, 2)])
def test_a_tag_ties_series_only_if_it_tells_something(carried: float, count: int) -> None:
    found = stepped([ONSET, ONSET])
    shared = [item(one, "tag", "team=web", carried=carried) for one in found.incidents.to_dicts()]
    assert together(found, shared).anomaly.height == count


def test_a_tag_does_not_tie_series_that_have_a_resource_each() -> None:
    found = stepped([ONSET, ONSET])
    one, other = found.incidents.to_dicts()
    tags = [item(each, "tag", "env=prod", carried=0.2) for each in (one, other)]
    made = together(found, [*tags, item(one, "resource", "a"), item(other, "resource", "b")])
    assert made.anomaly.height == 2


def test_the_most_specific_value_that_explains_it_is_the_cause() -> None:
    found = stepped([ONSET])
    (one,) = found.incidents.to_dicts()
    causes = together(found, [
        item(one, "region", "eu", 1.0, carried=1.0), item(one, "tag", "team=web", 0.9),
        item(one, "resource", "i-1", 0.7), item(one, "resource", "i-2", 0.3),
    ]).cause  # fmt: skip
    first = causes.row(0, named=True)
    assert (first["rank"], first["dimension"], first["value"]) == (1, "tag", "team=web")
    assert "eu" not in causes["value"].to_list(), "everything runs there: it explains nothing"
    causes = together(found, [item(one, "tag", "team=web", 0.9), item(one, "resource", "i-1", 0.8)])
    assert causes.cause["value"][0] == "i-1"
    assert "resource i-1 explains 80%" in causes.anomaly["reason"][0]


def test_without_such_a_value_the_service_is_the_cause() -> None:
    found = stepped([ONSET])
    (one,) = found.incidents.to_dicts()
    made = together(found, [item(one, "resource", "i-1", 0.4), item(one, "resource", "i-2", 0.3)])
    assert made.cause["dimension"][0] == "service"
    assert made.cause["rank"].to_list() == list(range(1, made.cause.height + 1))
    assert "most of it by i-1 (40%)" in made.anomaly["reason"][0]


def test_effects_add_up_to_the_last_digit() -> None:
    found = stepped([ONSET, ONSET, ONSET])
    shared = [item(one, "resource", "r", 0.95, price=0.3) for one in found.incidents.to_dicts()]
    for cause in together(found, shared).cause.to_dicts():
        effects = sum(cause[f"{name}_effect"] for name in ("quantity", "price", "mix"))
        assert effects == cause["impact"] == cause["actual"] - cause["expected"]


def launched(found: Found) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    (one,) = found.incidents.to_dicts()
    at = datetime.combine(one["starts_on"], datetime.min.time()) - timedelta(hours=8)
    changes = [{"id": one["id"], "resource_id": "i-1", "what": "created", "at": at, "text": "new"}]
    return [item(one, "resource", "i-1")], changes


def with_rest(extra: float) -> Found:
    """A step beside another series, so that it is a small or a large part of the whole."""
    random = np.random.default_rng(1)
    values = 100 * random.normal(1, 0.02, (2, DAYS))
    values[0, ONSET:] *= 2
    values[1] *= extra
    return find(frame(values, CALENDAR), until=UNTIL)


def test_a_launch_that_the_inventory_shows_is_expected() -> None:
    found = with_rest(20)
    (incident,) = together(found, *launched(found)).anomaly.to_dicts()
    assert incident["is_expected"]
    assert incident["expected_because"] == "1 resource launched"
    assert incident["reason"].endswith("expected: 1 resource launched")


def test_a_launch_that_costs_a_fifth_of_everything_is_not_expected() -> None:
    found = with_rest(0.5)
    assert not together(found, *launched(found)).anomaly["is_expected"].any()


def test_a_launch_long_before_explains_nothing() -> None:
    found = with_rest(20)
    items, changes = launched(found)
    changes[0]["at"] -= timedelta(days=5)
    assert not together(found, items, changes).anomaly["is_expected"].any()


def test_a_launch_of_a_small_part_explains_nothing() -> None:
    found = with_rest(20)
    (one,) = found.incidents.to_dicts()
    _, changes = launched(found)
    made = together(found, [item(one, "resource", "i-1", 0.5)], changes)
    assert not made.anomaly["is_expected"].any()


def test_a_commitment_that_ended_explains_a_higher_price_and_nothing_else() -> None:
    found = with_rest(20)
    (one,) = found.incidents.to_dicts()
    ended = [{"id": one["id"], "commitment_id": "sp-1", "what": "ended",
              "on_day": one["starts_on"]}]  # fmt: skip
    assert not together(found, [], None, ended).anomaly["is_expected"].any()
    priced = pl.DataFrame([item(one, "service", one["service"], price=0.9, carried=1.0)])
    facts = Facts(priced, pl.DataFrame(schema=CHANGES), pl.DataFrame(ended, schema=COMMITMENTS))
    (incident,) = incidents(found, facts, until=UNTIL).anomaly.to_dicts()
    assert incident["is_expected"]
    assert "commitment sp-1 ended on" in incident["expected_because"]


@pytest.mark.parametrize(
    ("money", "share", "level"),
    [(5000, 1.2, "critical"), (5000, 0.3, "high"), (500, 5.0, "high"), (50, 0.06, "medium"),
     (19, 9.0, "low"), (50_000, 0.01, "low"), (200, None, "high")],
)  # fmt: skip
def test_severity_needs_both_a_share_and_an_amount(
    money: float, share: float | None, level: str
) -> None:
    assert severity(money, share) == level


def test_what_a_late_account_cost_is_unknown_and_no_drop() -> None:
    random = np.random.default_rng(1)
    values = 100 * random.normal(1, 0.02, (2, DAYS))
    values[0, ONSET:] = 0
    lines = frame(values, CALENDAR).with_columns(
        pl.when(pl.col("service") == "service-0000").then(pl.lit("late")).otherwise("account")
        .alias("account")
    )  # fmt: skip
    late = pl.DataFrame({"cloud": ["aws"], "account": ["late"], "until": [CALENDAR[ONSET]]})
    assert find(lines, until=UNTIL).incidents.height == 1
    assert find(lines, until=UNTIL, late=late).incidents.is_empty()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(100, 190))
def test_what_was_flagged_by_a_day_is_what_that_day_knew(seed: int, cut: int) -> None:
    lines, calendar, _ = planted_costs(seed, 10, 200)
    today = calendar[cut]
    then = find(lines.filter(pl.col("day") < today), until=today).incidents
    whole = find(lines, until=calendar[-1] + timedelta(days=1)).incidents
    known = whole.filter(pl.col("flagged_on") < today)
    keys = ["id", "starts_on", "flagged_on"]
    assert set(known.select(keys).rows()) <= set(then.select(keys).rows())


def test_days_of_an_earlier_incident_are_not_counted_twice() -> None:
    lines, calendar, _ = planted_costs(3, 60, 400)
    found = find(lines, until=calendar[-1] + timedelta(days=1))
    counted = found.days.filter("is_abnormal").group_by("id").len()
    joined = found.incidents.join(counted, on="id")
    assert joined["len"].to_list() == joined["days"].to_list()
    own = found.days.filter("is_abnormal").join(
        found.incidents.select("id", "service", "account", "cloud", "currency"), on="id"
    )
    assert own.select("cloud", "account", "service", "currency", "day").is_unique().all()


def test_the_name_of_an_incident_is_the_series_that_was_flagged_first() -> None:
    found = stepped([ONSET + 1, ONSET])
    shared = pl.DataFrame([item(one, "resource", "x") for one in found.incidents.to_dicts()])
    of = attribution.groups(found.incidents, shared)
    first = found.incidents.sort("flagged_on")["id"][0]
    assert set(of.values()) == {first}


def test_the_dates_are_dates() -> None:
    found = stepped([ONSET])
    made = together(found, [])
    assert isinstance(made.anomaly["flagged_on"][0], date)
    assert made.day["id"].unique().to_list() == made.anomaly["id"].to_list()
    assert made.day.filter("is_abnormal").height == made.anomaly["days"][0]
