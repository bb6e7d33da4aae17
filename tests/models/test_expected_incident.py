"""An incident is expected only by what was done in time and moves cost the way it went."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from explained import CALENDAR, CHANGES, COMMITMENTS, DAYS, ONSET, UNTIL, item, together
from planted import frame

from models.anomaly.expected import Facts
from models.anomaly.incident import incidents
from models.anomaly.run import Found, find


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


@pytest.mark.parametrize(("extra", "price", "is_expected"), [
    (20, 0.7, True), (20, 0.6, False), (0.5, 0.7, False),
])  # fmt: skip
def test_what_grew_beside_a_commitment_that_ended_is_judged_like_any_other(
    extra: float, price: float, is_expected: bool
) -> None:
    incident = committed(with_rest(extra), "ended", price=price)
    assert incident["is_expected"] is is_expected


def test_a_commitment_explains_no_quantity_and_each_that_fits_is_named() -> None:
    assert not committed(with_rest(20), "ended", price=0.3)["is_expected"]
    because = committed(with_rest(20), "ended", "began", "ended")["expected_because"]
    day = CALENDAR[ONSET]
    assert because == f"commitment sp-0 ended on {day}, commitment sp-2 ended on {day}"
