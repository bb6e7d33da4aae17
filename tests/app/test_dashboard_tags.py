"""Bills of 40,000 different tag keys; from the command line to the page of costs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import streamlit as st
from command_line import answer
from pages import opened

KEYS, OF_EACH = 40_000, 50  # AWS allows fifty tags for a resource
ACCOUNTS, SERVICES = 20, 10
MONTHS = ("2026-08", "2026-09", "2026-10")


def lines() -> Iterator[dict[str, str]]:
    """A line for each resource and month; each resource has fifty keys that no other one has.

    The first one has a namesake in another account, without tags.
    """
    for number in range(KEYS // OF_EACH):
        tags = {f"key-{number}-{key}": "v" for key in range(OF_EACH)}
        if number % 4:
            tags["team"] = f"team-{number % 7}"
        for month in MONTHS:
            after = f"2026-{int(month[5:]) + 1:02}-01T00:00:00Z"
            one = {
                "BilledCost": "1", "EffectiveCost": "1", "BillingAccountId": "111111111111",
                "BillingCurrency": "USD", "BillingPeriodStart": f"{month}-01T00:00:00Z",
                "BillingPeriodEnd": after, "ChargePeriodStart": f"{month}-01T00:00:00Z",
                "ChargePeriodEnd": f"{month}-02T00:00:00Z", "ChargeCategory": "Usage",
                "ProviderName": "AWS", "ServiceName": f"service-{number % SERVICES}",
                "SubAccountId": f"account-{number % ACCOUNTS}", "ResourceId": f"i-{number}",
                "Tags": json.dumps(tags),
            }  # fmt: skip
            yield one
            if not number:
                namesake = {"SubAccountId": "account-1", "EffectiveCost": "5", "Tags": ""}
                yield one | namesake


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    rows = list(lines())
    with (folder / "bill.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = answer("ingest", folder / "bill.csv", home=folder / "home")
    assert {entry["status"] for entry in report["loaded"]} == {"loaded"}
    answer("run", home=folder / "home")
    return folder / "home"


def test_every_key_is_there_and_the_table_stays_small(home: Path) -> None:
    sql = "select count(distinct tag_key), count(*) from marts.tag_cost"
    [[keys, rows]] = answer("sql", sql, home=home)["rows"]
    assert keys == KEYS + 1
    assert rows < 400_000, "the rest of every key in every account and service would be millions"


def test_a_key_splits_all_of_the_cost(home: Path) -> None:
    sql = (
        "select tag_value = '(untagged)', sum(effective_cost) from marts.tag_cost"
        " where tag_key = 'team' group by all order by all"
    )
    rows = answer("sql", sql, home=home)["rows"]
    assert [[untagged, float(cost)] for untagged, cost in rows] == [[False, 1800], [True, 615]]


def test_the_page_of_costs_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(home, "costs", monkeypatch)
    app.selectbox(key="costs_split").set_value("tag: team").run()
    assert not app.exception
    assert not app.error
    assert any(heading.value == r"By tag\: team" for heading in app.subheader)


def test_the_lines_of_a_resource_are_those_of_its_account(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, pl.DataFrame] = {}

    def first_row(frame: pl.DataFrame, *, alt: str, **_: Any) -> dict[str, Any]:
        shown[alt] = frame
        return {"selection": {"rows": [0]}}

    monkeypatch.setattr(st, "dataframe", first_row)
    app = opened(home, "costs", monkeypatch)
    assert not app.exception
    resource = shown["Cost by resource"].row(0, named=True)
    assert (resource["account"], resource["cost_USD"]) == ("account-1", 15)
    assert shown["Export files with lines of i-0"]["effective_cost_USD"].to_list() == [15]
    assert shown["Bill lines of i-0"]["EffectiveCost_USD"].to_list() == [5, 5, 5]
