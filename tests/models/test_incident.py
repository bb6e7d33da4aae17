"""Incidents of one cause are one, its causes, services and days add up."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from explained import (
    CALENDAR,
    CHANGES,
    COMMITMENTS,
    DAYS,
    ONSET,
    UNTIL,
    costs_of,
    item,
    stepped,
    together,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import frame, planted_costs

from models import attribution
from models.anomaly.expected import Facts
from models.anomaly.incident import Incidents, incidents, severity
from models.anomaly.run import Found, find


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


@pytest.mark.parametrize(
    ("sku", "price", "count"), [("egress", 1.0, 1), ("egress", 0.0, 2), ("(unknown)", 1.0, 2)]
)
def test_a_shared_sku_ties_series_only_by_its_price(sku: str, price: float, count: int) -> None:
    found = stepped([ONSET, ONSET])
    shared = [item(one, "sku", sku, price=price) for one in found.incidents.to_dicts()]
    facts = Facts(pl.DataFrame([*shared, *(item(one, "service", one["service"], carried=1.0)
                  for one in found.incidents.to_dicts())]),
                  pl.DataFrame(schema=CHANGES), pl.DataFrame(schema=COMMITMENTS))  # fmt: skip
    assert incidents(found, facts, until=UNTIL).anomaly.height == count


def test_a_resource_of_the_same_id_in_another_account_is_another() -> None:
    lines = costs_of([ONSET, ONSET]).with_columns(pl.col("service").alias("account"))
    found = find(lines, until=UNTIL)
    shared = [item(one, "resource", "default") for one in found.incidents.to_dicts()]
    assert together(found, shared).anomaly.height == 2


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
    assert "the largest part by i-1 (40%)" in made.anomaly["reason"][0]


def test_effects_add_up_to_the_last_digit() -> None:
    found = stepped([ONSET, ONSET, ONSET])
    shared = [item(one, "resource", "r", 0.95, price=0.3) for one in found.incidents.to_dicts()]
    for cause in together(found, shared).cause.to_dicts():
        effects = sum(cause[name] for name in attribution.EFFECTS)
        assert effects == cause["impact"] == cause["actual"] - cause["expected"]


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


def unlike(values: np.ndarray) -> tuple[Found, Incidents]:
    """Series whose incidents one resource makes one."""
    found = find(frame(values, CALENDAR), until=UNTIL)
    shared = [item(one, "resource", "r") for one in found.incidents.to_dicts()]
    made = together(found, shared)
    assert (made.anomaly.height, made.member.height) == (1, 2)
    return found, made


def test_series_of_other_lengths_are_summed_over_one_window() -> None:
    values = 100 * np.random.default_rng(1).normal(1, 0.02, (2, DAYS))
    values[0, 60:63] *= 3
    values[1, 60:75] *= 3
    found, made = unlike(values)
    assert found.days.group_by("id").len()["len"].n_unique() == 2, "windows of their own differ"
    assert made.day["day"].to_list() == CALENDAR[60 - 42 : 75 + 21]
    assert made.day["actual"].to_list() == pytest.approx(values.sum(axis=0)[60 - 42 : 75 + 21])
    assert made.day["expected"].null_count() == 0
    assert made.day.filter("is_abnormal").height == 15


def test_a_day_that_one_series_lacks_is_unknown_and_not_less() -> None:
    values = 100 * np.random.default_rng(1).normal(1, 0.02, (2, DAYS))
    values[:, ONSET:] *= 2
    lines = frame(values, CALENDAR).with_columns(
        pl.when((pl.col("service") == "service-0001") & (pl.col("day") == CALENDAR[90]))
        .then(None).otherwise("cost").alias("cost")
    )  # fmt: skip
    found = find(lines, until=UNTIL)
    made = together(found, [item(one, "resource", "r") for one in found.incidents.to_dicts()])
    assert made.anomaly["members"].to_list() == [2]
    assert made.day.filter(pl.col("actual").is_null())["day"].to_list() == [CALENDAR[90]]
    known = made.day.filter(pl.col("day") == CALENDAR[91])
    assert known["actual"][0] == pytest.approx(values[:, 91].sum())


def test_a_series_adds_nothing_before_it_began() -> None:
    values = 100 * np.random.default_rng(1).normal(1, 0.02, (2, DAYS))
    values[0, ONSET:] *= 2
    values[1, :ONSET] = 0
    _, made = unlike(values)
    before = made.day.filter(pl.col("day") < CALENDAR[ONSET])
    assert before["actual"].to_list() == pytest.approx(values[0, ONSET - 42 : ONSET])
    assert before["expected"].null_count() == 0


def test_all_services_of_an_incident_are_causes_and_add_up() -> None:
    found = stepped([ONSET] * 8)
    made = together(found, [item(one, "resource", "r") for one in found.incidents.to_dicts()])
    services = made.cause.filter(pl.col("dimension") == "service")
    assert services.height == 8
    assert float(services["impact"].sum()) == pytest.approx(made.anomaly["impact"][0])


def test_the_dates_are_dates() -> None:
    found = stepped([ONSET])
    made = together(found, [])
    assert isinstance(made.anomaly["flagged_on"][0], date)
    assert made.day["id"].unique().to_list() == made.anomaly["id"].to_list()
    assert made.day.filter("is_abnormal").height == made.anomaly["days"][0]
