"""Who pays: the commands, the statement as a file, and the page, on the demo estate."""

import csv
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import answer, call
from pages import opened
from rich.console import Console

from app.dashboard import data
from app.showback.csv_file import as_csv
from app.showback.html_file import as_html
from app.showback.statement import Line, Statement, Unit
from app.showback.told import unit_lines

MONTH = "2026-10"
BY_TAG = (
    "select json_extract_string(Tags, '$.team') as team, BillingCurrency, sum(EffectiveCost)"
    " from raw.focus where date_trunc('month', BillingPeriodStart) = '2026-10-01' group by all"
)
RULES = """\
allocation:
  rules:
    - {name: support, match: {service: "*Support*"}, to: shared}
    - {name: nothing, match: {service: "Nothing of this name"}, to: web}
    - {name: machines, match: {cloud: onprem}, to: platform}
    - {name: tags, to: {tag: team}}
  shared:
    - {split: fixed, percent: {web: 25, search: 75}}
"""


def lines_of(home: Path, where: str) -> dict[str, Decimal]:
    """Cost by currency of the lines of October as they were delivered."""
    query = (
        "select BillingCurrency, sum(EffectiveCost) from raw.focus where"
        f" date_trunc('month', BillingPeriodStart) = '2026-10-01' and {where} group by all"
    )
    return {code: Decimal(cost) for code, cost in answer("sql", query, home=home)["rows"]}


def test_without_rules_each_team_pays_the_lines_with_its_tag(demo_home: Path) -> None:
    found = answer("allocation", "--month", MONTH, home=demo_home)
    told = {(one["team"], one["currency"]): Decimal(one["cost"]) for one in found["teams"]}
    told |= {(None, one["currency"]): Decimal(one["cost"]) for one in found["unallocated"]}
    billed = {
        (team, code): Decimal(cost)
        for team, code, cost in answer("sql", BY_TAG, home=demo_home)["rows"]
    }
    assert told == billed
    assert (found["month"], found["rules"]) == ("2026-10-01", "tag or label team")
    shares = [float(one["share"]) for one in (*found["teams"], *found["unallocated"])
              if one["currency"] == "USD"]  # fmt: skip
    assert sum(shares) == pytest.approx(1)


def test_a_quantity_that_nobody_counted_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    only_before = Unit("request", "web", "USD", None, None, None, Decimal("0.5"))
    none_done = Unit("build", "web", "USD", Decimal(0), Decimal(25), None, None)
    Console(width=200).print(*unit_lines([vars(only_before), vars(none_done)]))
    request, build = (row.split() for row in capsys.readouterr().out.splitlines()
                      if row.split()[:2] in (["request", "web"], ["build", "web"]))  # fmt: skip
    assert request[2:] == ["unknown", "unknown", "unknown", "0.5", "USD"]
    assert build[2:] == ["0", "$25.00", "unknown", "unknown", "USD"]


def test_a_month_that_still_runs_is_said_to(demo_home: Path) -> None:
    shown = call("showback", "--team", "web", home=demo_home).stdout
    assert "web, November 2026 so far" in shown
    assert "the whole month before cost" in shown
    assert answer("allocation", home=demo_home)["is_whole"] is False
    assert "October 2026 so far" not in call("allocation", "--month", MONTH, home=demo_home).stdout


def test_rules_are_tried_without_writing(demo_home: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    before = answer("allocation", "--month", MONTH, home=demo_home)
    found = answer("allocation", "test", tmp_path / "rules.yaml", "--month", MONTH, home=demo_home)
    assert found["rules_that_match_nothing"] == ["nothing"]
    caught = {(one["rule"], one["currency"]): Decimal(one["cost"]) for one in found["rules"]}
    assert {code: cost for (rule, code), cost in caught.items() if rule == "machines"} == lines_of(
        demo_home, "x_cloud = 'onprem'"
    )
    support = lines_of(demo_home, "ServiceName like '%Support%'")
    assert {code: cost for (rule, code), cost in caught.items() if rule == "support"} == support
    own = lines_of(demo_home, "json_extract_string(Tags, '$.team') = 'web' and x_cloud <> 'onprem'"
                              " and ServiceName not like '%Support%'")  # fmt: skip
    web = {one["currency"]: one for one in found["teams"] if one["team"] == "web"}
    for code, cost in own.items():
        assert Decimal(web[code]["cost_tried"]) == cost + support.get(code, Decimal(0)) / 4
    for code in {one["currency"] for one in found["teams"]}:
        assert sum(Decimal(o["change"]) for o in found["teams"] if o["currency"] == code) == 0
    assert answer("allocation", "--month", MONTH, home=demo_home) == before


def test_rules_that_are_tried_on_a_month_that_still_runs_say_so(
    demo_home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    assert answer("allocation", "test", file, home=demo_home)["is_whole"] is False
    assert "November 2026 so far" in call("allocation", "test", file, home=demo_home).stdout


def test_rules_that_are_wrong_are_told_with_their_line(demo_home: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.replace("{cloud: onprem}", "{clowd: onprem}"))
    outcome = call("allocation", "test", tmp_path / "rules.yaml", "--json", home=demo_home)
    assert outcome.code == 2
    assert "line 5" in outcome.json["error"]["message"]
    assert "'clowd'" in outcome.json["error"]["message"]
    for arguments in (("test",), ("show", tmp_path / "rules.yaml"), ("--month", "2020-01")):
        assert call("allocation", *arguments, home=demo_home).code == 2
    assert call("allocation", "test", tmp_path / "none.yaml", home=demo_home).code == 2


def test_a_statement_adds_up_to_what_the_team_pays(demo_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "web.csv"
    found = answer("showback", "--team", "web", "--month", MONTH, "--out", out, home=demo_home)
    rows = list(csv.DictReader(StringIO(out.read_text())))
    billed = lines_of(demo_home, "json_extract_string(Tags, '$.team') = 'web'")
    for code, cost in billed.items():
        assert sum(Decimal(row["cost"]) for row in rows if row["currency"] == code) == cost
    assert {row["is_whole"] for row in rows} == {"true"}
    totals = {one["currency"]: Decimal(one["cost"]) for one in found["statement"]["totals"]}
    assert totals == billed
    before = answer("allocation", "--month", "2026-09", home=demo_home)["teams"]
    (september,) = [o["cost"] for o in before if (o["team"], o["currency"]) == ("web", "USD")]
    told = sum(Decimal(row["cost_before"]) for row in rows if row["currency"] == "USD")
    assert told == Decimal(september)


def test_a_statement_for_a_full_disk_leaves_the_old_one(demo_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "web.csv"
    out.symlink_to("/dev/full")
    outcome = call("showback", "--team", "web", "--out", out, "--json", home=demo_home)
    assert outcome.code == 1
    assert f"{out} was not written" in outcome.json["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--team", "nobody-such"), "Teams that are known: "),
        (("--team", "web", "--month", "2020-01"), "Months with bills: 2026-11"),
        (("--team", "web", "--out", "web.pdf"), "must be a .csv or .html file"),
    ],
)
def test_a_statement_that_can_not_be_is_refused(
    arguments: tuple[str, ...], says: str, demo_home: Path
) -> None:
    outcome = call("showback", *arguments, "--json", home=demo_home)
    assert outcome.code == 2
    assert says in outcome.json["error"]["message"]


def made(**columns: Any) -> Statement:
    facts: dict[str, Any] = {
        "currency": "USD", "kind": "own", "pool": None, "cloud": "aws", "service": "EC2",
        "cost": Decimal("12.5"), "cost_before": Decimal(10), "markup_percent": Decimal("3.500000"),
        "markup": Decimal("0.4375"),
    }  # fmt: skip
    unit = Unit("request", None, "USD", Decimal(50), Decimal(25), Decimal("0.5"), None)
    team = columns.pop("team", "web")
    lines = (Line(**{**facts, **columns}), Line(**{**facts, "currency": "EUR", "cost": Decimal(1)}))
    return Statement(team, date(2026, 10, 1), True, 7, lines, (unit,))


def test_the_page_to_print_loads_nothing_and_runs_nothing() -> None:
    page = as_html(made(team="<script>alert(1)</script>", service='"><img src=x onerror=y>'))
    assert "<script" not in page
    assert "<img" not in page
    assert not re.search(r"https?:|url\(|@import|<link|src=", page.replace("src=x", ""))
    assert "@media print" in page
    for shown in ("October 2026", "$12.50", "€1.00", "25.0%", "$0.44 (3.5%)", "$12.94", "0.5 USD",
                  "snapshot 7"):  # fmt: skip
        assert shown in page


def test_a_month_that_runs_is_not_compared() -> None:
    running = Statement(**{**vars(made()), "is_whole": False})
    assert "not billed to its end yet" in as_html(running)
    assert "25.0%" not in as_html(running)


def test_the_month_before_the_first_bill_is_unknown(
    demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "select min(month) from marts.billed_month where currency = 'USD'"
    first = date.fromisoformat(answer("sql", query, home=demo_home)["rows"][0][0])
    asked = ("--team", "web", "--month", f"{first:%Y-%m}")
    assert "the month before cost unknown" in call("showback", *asked, home=demo_home).stdout
    out = tmp_path / "web.csv"
    answer("showback", *asked, "--out", out, home=demo_home)
    assert {row["cost_before"] for row in csv.DictReader(StringIO(out.read_text()))} == {""}
    app = opened(demo_home, "teams", monkeypatch)
    app.selectbox(key="teams_month_USD").set_value(first).run()
    shown = app.dataframe[0].value
    assert shown["cost_USD"].sum() > 0
    assert shown[["before_USD", "change_USD"]].isna().all(axis=None)


def test_the_page_to_print_tells_no_change_from_an_unknown_month() -> None:
    page = as_html(made(cost_before=None, currency="JPY"))
    assert page.count("unknown") == 6  # the summary, before and change of line and sum, the unit
    assert "new" not in page


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("0.310", "0.31"), ("12345.678", "12,346"), ("50.00", "50"), ("0E-18", "0")],
)
def test_the_page_to_print_does_not_round_a_part_of_a_unit_away(quantity: str, shown: str) -> None:
    unit = Unit("GPU hour", "web", "USD", Decimal(quantity), Decimal(25), None, None)
    page = as_html(replace(made(), units=(unit,)))
    assert f'<td>GPU hour</td><td class="n">{shown}</td>' in page


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    rows = list(csv.DictReader(StringIO(as_csv(made(team="=1+1", service="@x", cost=Decimal(-3))))))
    assert (rows[0]["team"], rows[0]["service"], rows[0]["cost"]) == ("'=1+1", "'@x", "-3")
    assert (rows[2]["kind"], rows[2]["unit"], rows[2]["unit_cost"]) == ("unit", "request", "0.5")


@pytest.mark.parametrize(("team", "cost"), [("(nobody)", 3.0), (None, 5.0)])
def test_a_team_that_is_called_like_nobody_is_told_apart(team: str | None, cost: float) -> None:
    asked = {"currency": "USD", "month": date(2026, 10, 1), "team": team}
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.showback_monthly as select date '2026-10-01' as month,"
            " 'USD' as currency, team, 'own' as kind, null as pool, 'aws' as cloud, service, cost,"
            " 0 as markup"
            " from (values ('(nobody)', 'S3', 3), (null, 'EC2', 5)) as paid (team, service, cost)"
        )
        connection.execute(
            "create table marts.billed_month as"
            " select 'USD' as currency, date '2026-09-01' as month"
        )
        (found,) = connection.execute(data.statement("team_services", **asked)).pl().to_dicts()
    assert found["cost"] == cost


def test_the_page_says_first_what_nobody_pays(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "teams", monkeypatch)
    assert not app.exception
    assert app.metric[0].label == "Nobody pays"
    found = answer("allocation", home=demo_home)
    share = next(o["share"] for o in found["unallocated"] if o["currency"] == "USD")
    assert app.metric[0].delta == f"{float(share) * 100:.1f}% of all cost"
    app.selectbox(key="teams_month_USD").set_value(date(2026, 10, 1)).run()
    assert not app.exception
    assert app.metric[3].label == "Cost in October 2026"
