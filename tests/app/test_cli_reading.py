"""Commands that read: what scripts rely on, on a small demo home."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest
from command_line import answer, call

from models.attribution import EFFECTS
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

RECOMMENDATION = {
    "id", "check", "cloud", "account", "region", "resource_id", "kind", "verb", "before", "after",
    "currency", "saving_month_low", "saving_month_high", "risk", "overload_probability", "reason",
    "status", "snapshot",
}  # fmt: skip


def test_sql_gives_columns_rows_and_the_snapshot(demo_home: Path) -> None:
    query = "select cloud, sum(billed_cost) as billed from marts.daily_cost group by all order by 1"
    found = answer("sql", query, home=demo_home)
    assert found["columns"] == ["cloud", "billed"]
    assert [row[0] for row in found["rows"]] == ["aws", "azure", "digitalocean", "gcp", "onprem"]
    assert all(isinstance(row[1], str) and Decimal(row[1]) > 0 for row in found["rows"])
    assert isinstance(found["snapshot"], int)


def test_a_query_may_begin_with_a_comment(demo_home: Path) -> None:
    found = answer("sql", "-- One row.\nselect 1 as one", home=demo_home)
    assert found["columns"] == ["one"]


def test_sql_writes_every_type_in_json(demo_home: Path) -> None:
    query = """select 1.50::decimal(9, 3) as d, 0::decimal(38, 18) as z,
        timestamp '2026-01-02 03:04:05' as t,
        date '2026-01-02' as day, 'nan'::double as nan, sum(x) as huge, null as nothing,
        [1.5::decimal(3, 1)] as list, {'a': date '2026-01-02'} as struct, true as yes,
        now() is not null as zoned, map {date '2026-01-02': 1} as map
        from range(3) as t(x)"""
    row = dict(
        zip(
            (found := answer("sql", query, home=demo_home))["columns"],
            found["rows"][0],
            strict=True,
        )
    )
    assert row == {
        "d": "1.5", "z": "0", "t": "2026-01-02T03:04:05Z", "day": "2026-01-02", "nan": None,
        "huge": 3, "nothing": None, "list": ["1.5"], "struct": {"a": "2026-01-02"}, "yes": True,
        "zoned": True, "map": {"2026-01-02": 1},
    }  # fmt: skip


def test_sql_gives_the_full_result(demo_home: Path) -> None:
    assert len(answer("sql", "select * from range(200000)", home=demo_home)["rows"]) == 200_000
    text = call("sql", "select * from range(5000)", home=demo_home).stdout
    assert text.splitlines()[0] == "range"
    assert len(text.splitlines()) == 5001


@pytest.mark.parametrize(
    "query", ["selekt 1", "drop table raw.focus", "select * from read_csv('/etc/passwd')"]
)
def test_sql_that_is_wrong_or_does_more_than_read_is_bad_input(demo_home: Path, query: str) -> None:
    outcome = call("sql", query, "--json", home=demo_home)
    assert outcome.code == 2
    assert set(outcome.json) == {"error"}
    assert "Traceback" not in outcome.stderr


def test_recommendations_have_what_scripts_rely_on(demo_home: Path) -> None:
    found = answer("recommendations", home=demo_home)
    assert found["recommendations"]
    for one in found["recommendations"]:
        assert set(one) >= RECOMMENDATION
        if one["saving_month_low"] is not None:
            assert Decimal(one["saving_month_low"]) <= Decimal(one["saving_month_high"])
    assert isinstance(found["snapshot"], int)


@pytest.mark.parametrize(
    ("command", "rows", "amount"),
    [
        (("recommendations", "--status", "open"), "recommendations", "saving_month_high"),
        (("anomalies", "--expected"), "anomalies", "impact"),
        (("forecasts", "--level", "total"), "forecasts", None),
        (("allocation",), "teams", "cost"),
    ],
)
def test_money_is_listed_one_currency_after_the_other(
    command: tuple[str, ...], rows: str, amount: str | None, demo_home: Path
) -> None:
    found = answer(*command, home=demo_home)[rows]
    currencies = [currency for currency, _ in groupby(one["currency"] for one in found)]
    assert currencies == ["EUR", "USD"]
    for _, group in groupby(found, lambda one: one["currency"]):
        sizes = [abs(Decimal(one[amount])) for one in group if amount]
        assert sizes == sorted(sizes, reverse=True)


def test_recommendations_are_filtered(demo_home: Path) -> None:
    found = answer("recommendations", "--status", "open", "--cloud", "aws", home=demo_home)
    assert {(one["status"], one["cloud"]) for one in found["recommendations"]} == {("open", "aws")}


def test_one_recommendation_is_shown_in_full(demo_home: Path) -> None:
    first = answer("recommendations", "--status", "open", home=demo_home)["recommendations"][0]
    one = answer("recommendations", first["id"][:10], home=demo_home)
    assert one["recommendation"] == first
    assert all(first[name] for name in ("effort", "harm", "undo"))
    assert one["facts"]["rows"]


def test_lists_call_things_by_their_names(demo_home: Path) -> None:
    names = {
        one["resource_name"]: one["resource_id"]
        for one in answer("recommendations", "--status", "open", home=demo_home)["recommendations"]
        if one["resource_name"] and one["resource_id"].startswith("/subscriptions")
    }
    told = call("recommendations", home=demo_home).stdout.replace("\n", "")
    assert names
    assert all(name in told for name in names)
    assert not any(resource in told for resource in names.values())
    of_accounts = call("forecasts", "--level", "account", home=demo_home).stdout
    assert "erp-prod, Azure" in of_accounts
    assert "5b1d7a52" not in of_accounts


def test_forecasts_begin_with_the_month_of_everything(demo_home: Path) -> None:
    found = answer("forecasts", home=demo_home)["forecasts"]
    assert (found[0]["level"], found[0]["horizon"]) == ("total", "month_end")
    assert [one["horizon"] for one in found[:5]] == [
        "month_end", "quarter_end", "year_end", "next_30_days", "next_90_days",
    ]  # fmt: skip


def test_what_could_not_be_judged_is_told_with_what_is_missing(demo_home: Path) -> None:
    query = "select missing from marts.recommendation_now where status = 'insufficient_data'"
    missing = [row[0] for row in answer("sql", query, home=demo_home)["rows"]]
    assert missing
    told = " ".join(call("recommendations", home=demo_home).stdout.split())
    assert f"{len(missing)} possible finding" in told
    listed = call("recommendations", "--status", "insufficient_data", home=demo_home).stdout
    assert listed.count("missing:") == len(missing)
    assert "plan create" not in listed


def test_unknown_recommendation_says_how_to_list_them(demo_home: Path) -> None:
    outcome = call("recommendations", "zzz", "--json", "--home", str(demo_home))
    assert outcome.code == 2
    assert "instance-select recommendations" in outcome.stdout + outcome.stderr


def test_forecasts_have_intervals_around_their_mean(demo_home: Path) -> None:
    found = answer("forecasts", home=demo_home)
    assert {one["horizon"] for one in found["forecasts"]} >= {"month_end", "next_90_days"}
    for one in found["forecasts"]:
        ends = [Decimal(one[name]) for name in ("lo95", "lo80", "mean", "hi80", "hi95")]
        assert ends == sorted(ends)
    assert isinstance(found["steps"], list)
    totals = answer("forecasts", "--level", "total", home=demo_home)
    assert {one["level"] for one in totals["forecasts"]} == {"total"}


def test_anomalies_name_series_and_impact(demo_home: Path) -> None:
    found = answer("anomalies", home=demo_home)
    assert isinstance(found["snapshot"], int)
    for one in found["anomalies"]:
        assert {"cloud", "account", "service", "currency", "starts_on", "impact"} <= set(one)
        assert {"id", "severity", "cause", "cause_dimension", "cause_value"} <= set(one)
        assert not one["is_expected"]


def test_one_anomaly_is_shown_in_full(demo_home: Path) -> None:
    every = answer("anomalies", "--expected", home=demo_home)["anomalies"]
    assert every, "the demo plants some"
    found = answer("anomalies", every[0]["id"], home=demo_home)
    assert found["anomaly"] == every[0]
    assert [cause["rank"] for cause in found["causes"]] == list(range(1, len(found["causes"]) + 1))
    first = found["causes"][0]
    assert first["value"] == every[0]["cause_value"]
    effects = [Decimal(first[name]) for name in EFFECTS]
    assert sum(effects) == Decimal(first["impact"])
    members = [Decimal(one["impact"]) for one in found["members"]]
    rounded = Decimal("0.005") * (len(members) + 1)
    assert abs(sum(members) - Decimal(every[0]["impact"])) <= rounded
    text = call("anomalies", every[0]["id"], home=demo_home)
    assert "Causes" in text.stdout
    assert answer("sql", first["evidence"], home=demo_home)["rows"]


NUMBERS = {
    "utilisation", "quantity", "coverage", "ratio", "break_even_months", "gap", "coverage_before",
    "first_quantity", "score", "share", "share_of_day", "cause_share", "resource_share", "wape",
    "bias", "breach_probability",
}  # fmt: skip


@pytest.mark.parametrize(
    "command", ["commitments", "anomalies", "forecasts", "budget list", "replay commitments"]
)
def test_money_is_text_of_exact_decimals_and_shares_are_numbers(
    demo_home: Path, command: str
) -> None:
    found = answer(*command.split(), home=demo_home)
    rows = [row for part in found.values() if isinstance(part, list) for row in part]
    assert {name for row in rows for name, value in row.items() if isinstance(value, float)} <= (
        NUMBERS
    )


def test_a_budget_says_in_text_what_is_spent_and_expected(own_demo_home: Path) -> None:
    answer("budget", "set", "all", "--amount", "85000", "--currency", "USD", home=own_demo_home)
    answer("run", "--select", "actions/budget,models/budget,marts/budget_now,meta/published",
           home=own_demo_home)  # fmt: skip
    (one,) = answer("budget", "list", home=own_demo_home)["budgets"]
    money = [Decimal(one[name]) for name in ("spent", "lo95", "lo80", "expected", "hi80", "hi95")]
    assert money[1:] == sorted(money[1:])
    assert all(amount == amount.quantize(Decimal("0.01")) > 0 for amount in money)


@pytest.mark.parametrize("wanted", ["nothing-like-it", "'"])
def test_an_anomaly_that_is_not_there_is_bad_input(demo_home: Path, wanted: str) -> None:
    refused = call("anomalies", wanted, home=demo_home)
    assert refused.code == 2
    assert "instance-select anomalies --expected" in refused.stderr


@pytest.mark.parametrize("command", ["anomalies", "forecasts", "recommendations"])
def test_people_see_the_same_with_the_snapshot(demo_home: Path, command: str) -> None:
    text = call(command, home=demo_home)
    assert text.code == 0
    assert text.stdout.splitlines()[-1].startswith("snapshot ")
    assert "Traceback" not in text.stderr


def test_export_writes_a_table_and_focus(demo_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "cost.parquet"
    found = answer("export", "marts.daily_cost", "--out", out, home=demo_home)
    assert found["rows"] == pl.read_parquet(out).height > 0
    focus = tmp_path / "focus.parquet"
    answer("export", "focus", "--out", focus, home=demo_home)
    columns = pl.read_parquet(focus).columns
    assert {"BilledCost", "ChargePeriodStart", "Tags"} <= set(columns)


@pytest.mark.parametrize("table", ["nope", "marts.nope", "marts.daily_cost; drop table x"])
def test_export_of_an_unknown_table_is_bad_input(
    demo_home: Path, tmp_path: Path, table: str
) -> None:
    outcome = call("export", table, "--out", tmp_path / "x.parquet", "--json", home=demo_home)
    assert outcome.code == 2
    assert table in outcome.json["error"]["message"]


def test_doctor_checks_everything_and_says_what_to_do(demo_home: Path) -> None:
    found = call("doctor", "--json", home=demo_home).json
    names = {check["name"] for check in found["checks"]}
    assert {"python", "duckdb", "settings", "disk", "ledger", "warehouse"} <= names
    assert {"source demo demo bills", "source demo demo inventory"} <= names
    for check in found["checks"]:
        assert set(check) == {"name", "ok", "detail", "fix"}
        assert check["ok"] or check["fix"]


def test_doctor_tells_of_settings_of_checks_that_hold_for_nothing(own_demo_home: Path) -> None:
    file = own_demo_home / "instance-select.yaml"
    scopes = (
        "cloud: AWS",
        "account: acme-mobil",
        "cloud: azure, region: eu-central-1",
        "env: prod",
    )
    entries = [f"- {{check: off_hours, {scope}, enabled: false}}\n" for scope in scopes]
    everything = "- {check: off_hours, params: {week_hours: 30}}\n"
    file.write_text(f"{file.read_text()}\nchecks:\n{''.join(entries)}{everything}")
    checks = call("doctor", "--json", home=own_demo_home).json["checks"]
    found = {one["name"]: one for one in checks if one["name"].startswith("checks ")}
    assert {name: one["ok"] for name, one in found.items()} == {
        "checks 1 off_hours": True, "checks 2 off_hours": False, "checks 3 off_hours": False,
        "checks 4 off_hours": True,
    }  # fmt: skip
    assert "the account 'acme-mobil'. Known: acme-ml" in found["checks 2 off_hours"]["detail"]
    assert "section 'checks'" in found["checks 2 off_hours"]["fix"]
    assert "has the region 'eu-central-1'" in found["checks 3 off_hours"]["detail"]


def test_doctor_names_the_table_of_which_a_file_was_deleted(
    demo_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    for table in ("marts/daily_cost", "raw/focus"):
        next((home / "lake" / "data" / table).glob("*.parquet")).unlink()
    checks = call("doctor", "--json", home=home).json["checks"]
    lost = {check["name"]: check for check in checks if check["name"].startswith("table ")}
    assert list(lost) == ["table marts.daily_cost", "table raw.focus"]
    assert "lacks the file" in lost["table raw.focus"]["detail"]
    assert "backup" in lost["table raw.focus"]["fix"]
    assert "instance-select run" in lost["table marts.daily_cost"]["fix"]


def test_tables_of_an_older_version_are_told_from_a_fault(demo_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    lake = Lake(LakeSettings(home=home))
    with lake.write("as an older version") as write:
        write.connection.execute("alter table marts.freshness drop column is_late")
    published = lake.published()
    now = datetime.now(UTC).replace(tzinfo=None)
    lake.publish(lake.snapshot(), published.as_of, "older", now)
    lake.close()
    checks = call("doctor", "--json", home=home).json["checks"]
    [tables] = [check for check in checks if check["name"] == "tables"]
    assert "made by an older version" in tables["detail"]
    assert tables["fix"] == "instance-select run"


def test_doctor_says_that_the_runs_stopped_and_which_tables_are_new(
    demo_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    lake = Lake(LakeSettings(home=home))
    with lake.write("as an older version") as write:
        write.connection.execute("drop table marts.account")
    days_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=5)
    lake.publish(lake.snapshot(), lake.published().as_of, "older", days_ago)
    lake.close()
    checks = call("doctor", "--json", home=home).json["checks"]
    wrong = {check["name"]: check for check in checks if not check["ok"]}
    assert list(wrong) == ["last run", "tables"]
    assert wrong["last run"]["detail"] == "it published 5 days ago; nothing later is known"
    assert "lacks marts.account, as after an upgrade" in wrong["tables"]["detail"]
    assert wrong["tables"]["fix"] == "instance-select run"


def test_an_empty_home_says_what_to_do_first(tmp_path: Path) -> None:
    outcome = call("recommendations", "--json", home=tmp_path / "none")
    assert outcome.code == 1
    assert "instance-select demo" in outcome.json["error"]["message"]
    assert not (tmp_path / "none").exists()
