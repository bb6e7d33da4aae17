"""How much of the waste that is planted in the demo estate the checks find, and nothing else."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.settings import load_settings
from warehouse.lake import Lake

PLACE = ("check", "cloud", "resource_id")
FOUND = ("open", "superseded")


@pytest.fixture(scope="module")
def key(demo_home: Path) -> pl.DataFrame:
    told: dict[str, Any] = json.loads((demo_home.parent / "answers.json").read_text())
    return pl.DataFrame(told["waste"]).with_columns(pl.col("saving_month").cast(pl.Float64))


@pytest.fixture(scope="module")
def told(demo_home: Path) -> pl.DataFrame:
    with Lake(load_settings(demo_home)).reader() as connection:
        return connection.execute(
            "select * replace (saving_month_low::double as saving_month_low,"
            " saving_month_high::double as saving_month_high) from actions.recommendation"
        ).pl()


def test_planted_waste_is_found_and_little_else_is(key: pl.DataFrame, told: pl.DataFrame) -> None:
    """A recommendation that another one on the same resource supersedes counts as found, not as
    wrong: the answer key names what was planted first."""
    found = told.filter(pl.col("status").is_in(FOUND))
    hit = key.join(found, on=PLACE, how="semi").height
    wrong = told.filter(pl.col("status") == "open").join(key, on=PLACE, how="anti")
    missed = key.join(found, on=PLACE, how="anti").select(PLACE)
    assert hit / (hit + wrong.height) >= 0.95, wrong.select(*PLACE, "reason").rows()
    assert hit / key.height >= 0.90, missed.rows()


def test_what_was_planted_saves_no_more_and_no_less_than_the_ranges_say(
    key: pl.DataFrame, told: pl.DataFrame
) -> None:
    both = key.join(told.filter(pl.col("status") == "open"), on=PLACE)
    low, planted, high = (
        float(both[name].sum())
        for name in ("saving_month_low", "saving_month", "saving_month_high")
    )
    assert low * 0.98 <= planted <= high * 1.1


def test_no_resource_saves_more_than_it_costs(demo_home: Path) -> None:
    with Lake(load_settings(demo_home)).reader() as connection:
        over = connection.execute(
            "select resource_id, sum(saving_month_high), any_value(cost_month)"
            " from marts.recommendation_now where status = 'open' and cost_month is not null"
            " and \"check\" not in ('stopped_too_long', 'unused_image')"  # cost through others
            " group by all having sum(saving_month_high) > any_value(cost_month) * 1.000001"
        ).fetchall()
    assert over == []
