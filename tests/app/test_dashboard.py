"""Each page on a full and on an empty home, and the parts that pages are made of."""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command_line import call
from estate import AS_OF, line, warehouse
from pages import FOLDER, opened
from streamlit.testing.v1 import AppTest

from app.dashboard import charts, data, money
from app.dashboard.start import streamlit_arguments
from app.words import NO_INVENTORY
from pipelines.settings import load_settings
from warehouse.build import build
from warehouse.errors import NothingPublished, QueryRefused
from warehouse.lake import Lake

VIEWS = sorted(view.stem for view in (FOLDER / "views").glob("*.py") if view.stem != "__init__")
QUERIES = sorted(query.stem for query in (FOLDER / "queries").glob("*.sql"))


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_shows_the_demo_without_an_error(
    view: str, demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, view, monkeypatch)
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [view.capitalize()]
    assert any("Snapshot" in caption.value for caption in app.caption)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_of_an_empty_home_says_what_to_run(
    view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(tmp_path, view, monkeypatch)
    assert not app.exception
    assert [title.value for title in app.title] == [view.capitalize()]
    assert "instance-select demo" in app.code[0].value
    assert list(tmp_path.iterdir()) == [], "looking at an empty home wrote into it"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (None, "instance-select init"),
        ("sources: []\n", "name your sources in"),
        ("sources: [{name: mine, cloud: aws}]\n", "instance-select doctor"),
    ],
)
def test_a_home_that_never_ran_says_the_next_step_from_where_it_is(
    file: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if file is not None:
        (tmp_path / "instance-select.yaml").write_text(file)
    app = opened(tmp_path, "overview", monkeypatch)
    assert not app.exception
    steps = app.code[0].value
    assert says in steps
    assert ("instance-select demo" in steps) == (file is None)
    assert ("name your sources" in steps) == (file == "sources: []\n")
    assert f"instance-select run --home {tmp_path}" in steps, "another home than the default"


def test_broken_settings_are_told_until_they_are_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "instance-select.yaml"
    app = opened(tmp_path, "costs", monkeypatch)
    file.write_text("max_changes: many\nthreads: -1\n")
    app.run()
    assert not app.exception
    (error,) = app.error
    told = error.value.split("  \n")  # how Markdown breaks a line
    assert sorted(line.split(r"\: found ")[0].replace(r"\:", ":") for line in told) == [
        f"{file}, line 1", f"{file}, line 2",
    ]  # fmt: skip
    assert not app.title
    file.write_text("max_changes: 5\n")
    app.run()
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == ["Costs"]


def test_a_dialog_tells_that_the_settings_broke_meanwhile() -> None:
    def script() -> None:
        from app.dashboard import page
        from pipelines.errors import BrokenSettings

        @page.dialog("Approve", width="small", icon=":material/verified:")
        def approve() -> None:
            raise BrokenSettings("line 1: found a typo")

        approve()

    app = AppTest.from_function(script).run()
    assert not app.exception
    assert [error.value for error in app.error] == [r"line 1\: found a typo"]


def read(what: str, failed: str | None, **columns: Any) -> dict[str, Any]:
    return {"source": "mine", "what": what, "cloud": "aws", "failed": failed,
            "read_at": AS_OF, "late_after_hours": 30, **columns}  # fmt: skip


def test_a_source_that_can_not_be_read_is_named_with_the_reason() -> None:
    no = "The profile is missing. Log in."
    connection = warehouse(raw_read=[
        read("inventory", no), read("prices", no), read("inventory", None, source="other"),
        read("metrics", None, source="other", until=AS_OF - timedelta(days=4)),
    ])  # fmt: skip
    build(connection, AS_OF)
    found = connection.execute(data.statement("late_bills")).fetchall()
    assert found == [
        ("mine", "inventory, prices could not be read", no, False),
        ("aws", "metrics are 4 days behind", None, False),
    ]
    sources = connection.execute(data.statement("freshness")).pl()
    told = sources.select("source", "what", "state").rows()
    assert told[:3] == [
        ("mine", "inventory", "failed"), ("mine", "prices", "failed"), ("other", "metrics", "late"),
    ]  # fmt: skip
    assert ("other", "inventory", "up to date") in told


def test_every_page_says_that_actual_cost_lacks_what_commitments_cost(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    as_of = lake.published().as_of
    with lake.write("actual cost") as write:
        write.connection.execute(
            "update raw.focus set EffectiveCost = 0 where x_cloud = 'aws'"
            " and CommitmentDiscountId is not null and ChargePeriodStart >= '2026-10-01'"
        )
        build(write.connection, as_of)
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "plans", monkeypatch)
    assert not app.exception
    (told,) = [box.value for box in app.warning if "too low" in box.value]
    assert "the bills of **AWS** (Oct 2026 to Nov 2026) tell no cost" in told


def test_every_page_says_what_could_not_be_read_and_what_to_do(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    as_of = lake.published().as_of
    with lake.write("a source that fails") as write:
        write.connection.execute(
            "update marts.freshness set failed = 'No token. Make one.' where what = 'inventory'"
        )
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "plans", monkeypatch)
    assert not app.exception
    (told,) = [box.value for box in app.warning if "late data" in box.value]
    assert "source **demo** (inventory could not be read)" in told
    assert "Costs are whole" in told
    (why,) = [one for one in app.expander if one.label == "Why, and what to do"]
    assert why.markdown[0].value == "- **demo**: No token. Make one."


def test_the_currency_switch_changes_every_amount(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "overview", monkeypatch)
    assert "$" in app.metric[0].value
    app.segmented_control(key="currency").set_value("EUR").run()
    assert not app.exception
    assert "€" in app.metric[0].value
    assert "$" not in app.metric[0].value


def test_the_usual_currency_is_the_one_of_most_lines_not_of_the_largest_number() -> None:
    connection = warehouse(raw_focus=[
        line("2026-03-01", "90000", BillingCurrency="JPY"),
        line("2026-03-01", "10"), line("2026-03-02", "10"),
    ])  # fmt: skip
    build(connection, AS_OF)
    found = connection.execute((FOLDER / "queries" / "currencies.sql").read_text()).fetchall()
    assert found == [("USD",), ("JPY",)]


def test_an_address_brings_back_what_was_chosen(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "overview", monkeypatch).switch_page("views/forecasts.py")
    app.query_params["forecasts_cloud"] = "AWS"
    app.run()
    assert not app.exception
    assert app.selectbox(key="forecasts_cloud").value == "aws"


def test_why_costs_changed_is_told_of_a_month_that_is_over(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "costs", monkeypatch)
    (label,) = [one.label for one in app.expander if one.label.startswith("Why ")]
    today = data.Reader(load_settings(demo_home)).published().as_of
    last = date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)
    assert label.startswith(f"Why {last:%B} cost")


def test_a_day_without_a_line_cost_nothing_up_to_the_last_billed_one(demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    cloud, account, service = reader.rows(
        snapshot,
        "select cloud, account, service from marts.forecast_daily"
        " where actual <> 0 and currency = 'USD' group by all"
        " having count(distinct day) < 60 order by count(*), service limit 1",
    ).row(0)
    sql = data.statement(
        "forecast_path", level="service", currency="USD", first=date(2020, 1, 1),
        cloud=cloud, account=account, service=service,
    )  # fmt: skip
    billed = reader.rows(snapshot, sql).drop_nulls("actual")
    assert (billed["day"].diff().drop_nulls().dt.total_days() == 1).all()
    assert (billed["actual"] == 0).any()
    ahead = reader.rows(snapshot, sql).drop_nulls("mean")["day"].min()
    assert billed["day"].max() < ahead, "a day is billed or forecast"


@pytest.mark.parametrize("split", ["cloud", "account", "region", "charge category", "tag: team"])
def test_costs_can_be_split_by_anything(
    split: str, demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "costs", monkeypatch)
    app.selectbox(key="costs_split").set_value(split).run()
    assert not app.exception
    assert not app.error
    assert any(heading.value == f"By {money.markdown(split)}" for heading in app.subheader)


def test_the_sum_of_a_split_is_the_month_of_the_mart(demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    month = reader.rows(snapshot, "select max(month) as month from marts.monthly_cost").item()
    filters = dict.fromkeys(("clouds", "accounts", "services", "regions", "categories"))
    until = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    for split in ("cloud", "service", "region", "account", "charge category"):
        sql = data.statement(
            "cost_groups", currency="USD", split=split, measure="effective", first=month,
            until=until, before=month, **filters,
        )  # fmt: skip
        whole = reader.rows(
            snapshot,
            "select sum(effective_cost)::double from marts.monthly_cost"
            f" where month = date '{month}' and currency = 'USD'",
        ).item()
        assert reader.rows(snapshot, sql)["cost"].sum() == pytest.approx(whole)


def test_charges_without_a_category_lead_to_their_lines() -> None:
    connection = warehouse(raw_focus=[
        line("2026-02-01", "1"), line("2026-02-02", "2", ChargeCategory=None),
    ])  # fmt: skip
    build(connection, datetime(2026, 3, 1, 12))
    names = ("clouds", "accounts", "services", "regions", "resource_id", "tag_key", "tag_value")
    asked = dict.fromkeys(names) | {
        "currency": "USD", "first": date(2026, 2, 1), "until": date(2026, 3, 1),
        "before": date(2026, 1, 1), "split": "charge category", "measure": "effective",
        "most": 9,
    }  # fmt: skip
    sql = data.statement("cost_groups", **asked, categories=None)
    groups = dict(connection.execute(sql).pl().select("split", "cost").iter_rows())
    assert groups == {"Usage": 1, "(unknown)": 2}
    for query, column in (("focus_lines", "EffectiveCost"), ("focus_files", "effective_cost")):
        sql = data.statement(query, **asked, categories=["(unknown)"])
        assert connection.execute(sql).pl()[column].to_list() == [2], query


def test_a_figure_leads_to_its_lines_and_to_the_file_they_came_in(demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    month = reader.rows(snapshot, "select max(month) from marts.resource_cost").item()
    asked = dict.fromkeys(
        ("clouds", "accounts", "services", "regions", "categories", "tag_key", "tag_value")
    ) | {
        "currency": "USD",
        "measure": "effective",
        "first": month,
        "until": date(month.year + month.month // 12, month.month % 12 + 1, 1),
    }
    resource = reader.rows(
        snapshot, data.statement("cost_resources", most=1, **asked)
    ).row(0, named=True)  # fmt: skip
    listed = reader.rows(
        snapshot, data.statement("cost_resources", most=9, **asked | {"measure": "list"})
    )["list_cost"].drop_nulls().to_list()  # fmt: skip
    assert listed == sorted(listed, key=abs, reverse=True), "the costliest by what is shown"
    asked |= {"resource_id": resource["resource_id"]}
    lines = reader.rows(snapshot, data.statement("focus_lines", most=10_000, **asked))
    found = reader.rows(snapshot, data.statement("focus_files", **asked))
    assert lines["EffectiveCost"].sum() == pytest.approx(resource["effective_cost"])
    assert found["effective_cost"].sum() == pytest.approx(resource["effective_cost"])
    assert set(lines["x_file"]) == set(found["file"])
    assert found["digest"].null_count() == 0, "a file that no manifest knows"


def test_every_query_is_asked_by_a_page() -> None:
    code = "".join(file.read_text() for file in FOLDER.rglob("*.py"))
    asked_by_grain = {"cost_per_month", "cost_per_day"}
    unused = [name for name in QUERIES if f'"{name}"' not in code and name not in asked_by_grain]
    assert unused == []


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_says_what_a_row_is(query: str) -> None:
    assert (FOLDER / "queries" / f"{query}.sql").read_text().startswith("-- One row")


def test_parameters_can_not_leave_their_quotes() -> None:
    sql = data.statement("top_savings", currency="'; drop table x; --")
    assert "'''; drop table x; --'" in sql


def test_a_page_sees_what_was_published_while_it_was_open(own_demo_home: Path) -> None:
    settings = load_settings(own_demo_home)
    reader, lake = data.Reader(settings), Lake(settings)
    before = reader.published()
    with lake.write("nothing new") as write:
        write.connection.execute("create table meta.seen as select 1 as one")
    lake.publish(write.snapshot, datetime(2026, 11, 17), "test", datetime(2099, 1, 1))
    reader._looked_at = 0.0  # as if some seconds had passed
    after = reader.published()
    assert after.id == write.snapshot > before.id
    assert reader.rows(after, "select one from meta.seen").item() == 1
    assert reader.rows(before, "select count(*) from marts.overview").item() > 0


def test_without_an_inventory_savings_are_unknown_and_the_way_to_one_is_told(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    as_of = lake.published().as_of
    with lake.write("bills alone") as write:
        for table in ("raw.resource", "actions.recommendation", "marts.recommendation_now"):
            write.connection.execute(f"delete from {table}")
        build(write.connection, as_of, ["marts.overview"])
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))
    told = call("recommendations", home=own_demo_home).stdout.replace("\n", " ")
    assert "there is no inventory" in told
    assert "instance-select init" in told
    app = opened(own_demo_home, "overview", monkeypatch)
    shown = {one.label: one for one in app.metric}
    assert (shown["Savings found"].value, shown["Savings found"].delta) == ("unknown", "")
    assert NO_INVENTORY in [one.value for one in app.caption]
    app = app.switch_page("views/recommendations.py").run()
    assert not app.exception
    assert money.markdown(NO_INVENTORY) in [one.value for one in app.caption]


def test_an_invoice_of_a_month_reaches_its_last_day() -> None:
    invoice = line("2026-02-01", "9", ChargePeriodEnd=datetime(2026, 3, 1))
    connection = warehouse(raw_focus=[invoice])
    build(connection, AS_OF, ["marts.billing_rhythm", "marts.freshness"])
    assert connection.execute(data.statement("data_date")).fetchone() == (date(2026, 2, 28),)


def test_a_day_is_as_wide_as_a_day_however_few_there_are() -> None:
    costs = pl.DataFrame(
        {"day": [date(2026, 2, 1), date(2026, 3, 1)], "split": ["a", "a"], "cost": [1.0, 2.0]}
    )
    figure: Any = charts.stacked(costs, x="day", y="cost", split="split", currency="USD")
    assert figure.data[0].width < 24 * 3600 * 1000


@pytest.mark.parametrize(("days", "mode"), [(1, "markers"), (2, "lines")])
def test_a_single_billed_day_is_seen(days: int, mode: str) -> None:
    bands = {name: None for name in ("mean", "lo80", "hi80", "lo95", "hi95")}
    rows = [{"day": date(2026, 3, day), "actual": 1.0, **bands} for day in range(1, days + 1)]
    figure: Any = charts.fan(pl.DataFrame(rows), today=date(2026, 3, 9), currency="USD")
    assert {line.name: line.mode for line in figure.data}["Spent"] == mode


def test_evidence_can_not_read_files_or_change_anything(demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    for sql in (
        "select * from read_text('/etc/hostname')",
        "drop table raw.focus",
        "select 1; select 2",
    ):
        with pytest.raises(QueryRefused):
            reader.rows_of_somebody(snapshot, sql, 10)


def test_an_empty_home_has_nothing_published(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="instance-select demo"):
        data.Reader(load_settings(tmp_path)).published()


def test_the_dashboard_is_started_with_files_that_exist(tmp_path: Path) -> None:
    arguments = streamlit_arguments(load_settings(tmp_path), 8765)
    options = dict(argument.removeprefix("--").split("=", 1) for argument in arguments[2:-3])
    assert Path(arguments[1]).is_file()
    assert Path(options["theme.base"]).is_file()
    assert options["server.address"] == "127.0.0.1"
    assert options["client.showErrorDetails"] == "none"
    assert options["browser.gatherUsageStats"] == "false"
    assert arguments[-3:] == ["--", "--home", str(tmp_path)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_charts_have_enough_contrast(theme: str) -> None:
    look = tomllib.loads((FOLDER / "theme.toml").read_text())["theme"][theme]
    back = look["backgroundColor"]
    for name in (
        "textColor",
        "linkColor",
        "redTextColor",
        "greenTextColor",
        "orangeTextColor",
        "grayTextColor",
    ):
        assert contrast(look[name], back) >= 4.5, f"{theme} {name}"
    for painted in (*charts.COLOURS, charts.REST, charts.OVER, charts.UNDER):
        assert contrast(painted, back) >= 3, f"{theme} {painted}"


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
