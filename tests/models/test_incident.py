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
           "text": pl.String, "explains": pl.String}  # fmt: skip
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
        "is_new": False, "is_gone": False, **also,
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


def done(one: dict[str, Any], what: str, explains: str | None, *, days: int = 0,
         resource: str = "i-1") -> dict[str, Any]:  # fmt: skip
    """A change of a resource so many days after the onset."""
    at = datetime.combine(one["starts_on"], datetime.min.time()) + timedelta(days=days, hours=16)
    return {"id": one["id"], "resource_id": resource, "what": what, "at": at, "text": what,
            "explains": explains}  # fmt: skip


def launched(found: Found) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    (one,) = found.incidents.to_dicts()
    return [item(one, "resource", "i-1")], [done(one, "created", "up", days=-1)]


def with_rest(extra: float, factor: float = 2.0) -> Found:
    """A step beside another series, so that it is a small or a large part of the whole."""
    random = np.random.default_rng(1)
    values = 100 * random.normal(1, 0.02, (2, DAYS))
    values[0, ONSET:] *= factor
    values[1] *= extra
    return find(frame(values, CALENDAR), until=UNTIL)


RISE, FALL = 2.0, 0.3


def test_a_launch_that_the_inventory_shows_is_expected() -> None:
    found = with_rest(20)
    (incident,) = together(found, *launched(found)).anomaly.to_dicts()
    assert incident["is_expected"]
    assert incident["expected_because"] == "1 resource launched"
    assert incident["reason"].endswith("expected: 1 resource launched")


@pytest.mark.parametrize(("extra", "is_expected"), [(0.5, False), (5, False), (11, True)])
def test_a_launch_that_costs_a_tenth_of_everything_is_not_expected(
    extra: float, is_expected: bool
) -> None:
    found = with_rest(extra)
    assert together(found, *launched(found)).anomaly["is_expected"].to_list() == [is_expected]


@pytest.mark.parametrize(
    ("days", "is_expected"), [(-3, False), (-2, True), (1, True), (2, False), (9, False)]
)
def test_only_a_change_at_the_onset_explains_it_but_later_ones_are_told(
    days: int, is_expected: bool
) -> None:
    found = with_rest(20)
    (one,) = found.incidents.to_dicts()
    made = together(found, [item(one, "resource", "i-1")], [done(one, "created", "up", days=days)])
    assert made.anomaly["is_expected"].to_list() == [is_expected]
    assert made.cause["changes"][0] == "created"


@pytest.mark.parametrize("factor", [RISE, FALL])
@pytest.mark.parametrize(
    ("what", "explains"),
    [("created", "up"), ("ours", "up"), ("ours", "down"), ("ours", None), ("resized", "either"),
     ("state", "up"), ("state", "down"), ("state", None)],
)  # fmt: skip
def test_a_change_explains_only_what_goes_its_way(
    factor: float, what: str, explains: str | None
) -> None:
    found = with_rest(20, factor)
    (one,) = found.incidents.to_dicts()
    made = together(found, [item(one, "resource", "i-1")], [done(one, what, explains)])
    went = "up" if factor > 1 else "down"
    assert made.anomaly["is_expected"].to_list() == [explains in (went, "either")]


@pytest.mark.parametrize(("factor", "is_expected"), [(RISE, False), (FALL, True)])
def test_what_is_gone_from_the_bill_explains_a_fall(factor: float, is_expected: bool) -> None:
    found = with_rest(20, factor)
    (one,) = found.incidents.to_dicts()
    made = together(found, [item(one, "resource", "i-1", is_gone=True)])
    assert made.anomaly["is_expected"].to_list() == [is_expected]


@pytest.mark.parametrize(
    ("factor", "explains", "is_expected"), [(RISE, "up", False), (FALL, "down", True)]
)
def test_our_plan_may_move_much_only_downwards(
    factor: float, explains: str, is_expected: bool
) -> None:
    found = with_rest(0.5, factor)
    (one,) = found.incidents.to_dicts()
    made = together(found, [item(one, "resource", "i-1")], [done(one, "ours", explains)])
    assert made.anomaly["is_expected"].to_list() == [is_expected]


def test_a_little_of_ours_does_not_make_a_large_launch_expected() -> None:
    found = with_rest(0.5)
    (one,) = found.incidents.to_dicts()
    made = together(
        found,
        [item(one, "resource", "i-1", 0.95), item(one, "resource", "i-2", 0.05)],
        [done(one, "created", "up"), done(one, "ours", "up", resource="i-2")],
    )
    assert made.anomaly["is_expected"].to_list() == [False]


def test_a_removal_does_not_hide_a_runaway_beside_a_launch() -> None:
    found = with_rest(20)
    (one,) = found.incidents.to_dicts()
    made = together(
        found,
        [item(one, "resource", "new", 1.0), item(one, "resource", "runaway", 1.0),
         item(one, "resource", "old", -1.0, is_gone=True)],
        [done(one, "created", "up", resource="new")],
    )  # fmt: skip
    assert made.anomaly["is_expected"].to_list() == [False]


def test_a_launch_of_a_small_part_explains_nothing() -> None:
    found = with_rest(20)
    (one,) = found.incidents.to_dicts()
    _, changes = launched(found)
    made = together(found, [item(one, "resource", "i-1", 0.5)], changes)
    assert not made.anomaly["is_expected"].any()


def committed(found: Found, *what: str, price: float = 0.9) -> dict[str, Any]:
    """The one incident of a series that is so much price, where these commitments did that."""
    (one,) = found.incidents.to_dicts()
    events = [{"id": one["id"], "commitment_id": f"sp-{number}", "what": word,
               "on_day": one["starts_on"]} for number, word in enumerate(what)]  # fmt: skip
    priced = pl.DataFrame([item(one, "service", one["service"], price=price, carried=1.0),
                           item(one, "resource", "i-1")])  # fmt: skip
    facts = Facts(priced, pl.DataFrame(schema=CHANGES), pl.DataFrame(events, schema=COMMITMENTS))
    (incident,) = incidents(found, facts, until=UNTIL).anomaly.to_dicts()
    return incident


@pytest.mark.parametrize("extra", [20, 0.5])
@pytest.mark.parametrize(
    ("factor", "what", "is_expected"),
    [(RISE, "ended", True), (RISE, "began", False), (FALL, "began", True), (FALL, "ended", False)],
)
def test_a_commitment_explains_the_price_that_goes_its_way_however_much(
    factor: float, what: str, is_expected: bool, extra: float
) -> None:
    incident = committed(with_rest(extra, factor), what)
    assert incident["is_expected"] is is_expected
    assert (f"commitment sp-0 {what} on" in incident["reason"]) is is_expected


def test_a_commitment_explains_no_quantity_and_each_that_fits_is_named() -> None:
    assert not committed(with_rest(20), "ended", price=0.3)["is_expected"]
    because = committed(with_rest(20), "ended", "began", "ended")["expected_because"]
    day = CALENDAR[ONSET]
    assert because == f"commitment sp-0 ended on {day}, commitment sp-2 ended on {day}"


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
