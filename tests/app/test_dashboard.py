"""Each page on a full and on an empty home, and the parts that pages are made of."""

import re
import sys
import tomllib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from estate import AS_OF, line, warehouse
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from actions.apply import apply
from actions.approve import approve
from actions.ledger import open_ledger
from actions.plan import create, set_status
from actions.planned import Plan
from actions.run import begin, load_run
from actions.users import known_user, remove_user
from app.dashboard import charts, data, decide, money
from app.dashboard.start import streamlit_arguments
from pipelines.settings import load_settings
from pipelines.work import Work
from warehouse.build import build
from warehouse.errors import NothingPublished, QueryRefused
from warehouse.lake import Lake

FOLDER = Path(str(files("app.dashboard")))
VIEWS = sorted(view.stem for view in (FOLDER / "views").glob("*.py") if view.stem != "__init__")
QUERIES = sorted(query.stem for query in (FOLDER / "queries").glob("*.sql"))


@pytest.fixture(autouse=True)
def main_module_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit puts its script in the place of `__main__`, which spawned processes would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def opened(home: Path, view: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("INSTANCE_SELECT_HOME", str(home))
    app = AppTest.from_file(str(FOLDER / "main.py"), default_timeout=120).run()
    return app if view == "overview" else app.switch_page(f"views/{view}.py").run()


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


def publish_as_of(home: Path, as_of: datetime, billed_until: datetime) -> None:
    """What is published at that time with bills up to then."""
    lake = Lake(load_settings(home))
    with lake.write("an earlier day") as write:
        late = f"ChargePeriodStart >= timestamp '{billed_until}'"
        write.connection.execute(f"delete from raw.focus where {late}")
        build(write.connection, as_of)
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))


@pytest.mark.parametrize(
    ("as_of", "billed_until", "month", "whole"),
    [
        (datetime(2026, 11, 1, 6), datetime(2026, 10, 30), "September", False),
        (datetime(2026, 11, 2, 6), datetime(2026, 10, 31), "September", False),
        (datetime(2026, 11, 3, 6), datetime(2026, 11, 2), "October", True),
    ],
)
def test_a_month_that_just_ended_is_whole_only_when_it_is_billed_to_its_end(
    as_of: datetime,
    billed_until: datetime,
    month: str,
    whole: bool,
    own_demo_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_as_of(own_demo_home, as_of, billed_until)
    app = opened(own_demo_home, "costs", monkeypatch)
    assert not app.exception
    (label,) = [one.label for one in app.expander if one.label.startswith("Why ")]
    assert label.startswith(f"Why {month} cost")
    app = app.switch_page("views/teams.py").run()
    app.selectbox(key="teams_month_USD").set_value(date(2026, 10, 1)).run()
    assert not app.exception
    assert app.metric[3].delta == ("whole month" if whole else "so far")
    app = app.switch_page("views/overview.py").run()
    assert not app.exception


def test_a_month_of_credits_has_no_percentages(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("credits") as write:
        this_month = "BillingPeriodStart = timestamp '2026-11-01'"
        write.connection.execute(
            f"update raw.focus set EffectiveCost = -abs(EffectiveCost) where {this_month}"
        )
        build(write.connection, datetime(2026, 11, 16))
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "overview", monkeypatch)
    assert not app.exception
    shown = {one.label: one for one in app.metric}
    assert shown["Month to date"].value.startswith("-")
    assert not shown["Month to date"].delta
    assert shown["Unallocated"].value == money.percent(None)
    assert not shown["Unallocated"].delta
    app = app.switch_page("views/teams.py").run()
    assert not app.exception
    assert not app.metric[0].delta


def test_on_the_first_days_of_a_month_the_forecast_is_called_by_the_month_it_is_of() -> None:
    connection = warehouse(
        raw_focus=[line("2026-01-09", "70"), line("2026-02-26", "90")],
        models_forecast_total=[{
            "horizon": "month_end", "level": "total", "currency": "USD", "mean": 100.0,
            "lo80": 90.0, "hi80": 110.0, "starts_on": date(2026, 2, 1),
        }],
    )  # fmt: skip
    build(connection, datetime(2026, 3, 1, 12))
    found = connection.execute(data.statement("kpis", currency="USD")).pl().row(0, named=True)
    assert (found["month"], found["forecast_month"]) == (date(2026, 3, 1), date(2026, 2, 1))
    assert (found["month_end_mean"], found["before_forecast"]) == (100.0, 70)


@pytest.mark.parametrize("split", ["cloud", "account", "region", "charge category", "tag: team"])
def test_costs_can_be_split_by_anything(
    split: str, demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "costs", monkeypatch)
    app.selectbox(key="costs_split").set_value(split).run()
    assert not app.exception
    assert not app.error
    assert any(heading.value == f"By {split}" for heading in app.subheader)


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


def test_a_figure_leads_to_its_lines_and_to_the_file_they_came_in(demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    month = reader.rows(snapshot, "select max(month) from marts.resource_cost").item()
    asked = dict.fromkeys(
        ("clouds", "accounts", "services", "regions", "categories", "tag_key", "tag_value")
    ) | {
        "currency": "USD",
        "first": month,
        "until": date(month.year + month.month // 12, month.month % 12 + 1, 1),
    }
    resource = reader.rows(
        snapshot, data.statement("cost_resources", most=1, **asked)
    ).row(0, named=True)  # fmt: skip
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


@given(
    st.decimals(-(10**13), 10**13, places=2), st.sampled_from(["USD", "EUR", "GBP", "JPY", "CHF"])
)
def test_money_is_never_longer_than_a_card(amount: Decimal, currency: str) -> None:
    written = money.short(amount, currency)
    assert len(written) <= 10
    assert written.startswith("-") == (amount < 0)


@given(st.decimals(-(10**13), 10**13, places=2))
def test_full_money_keeps_every_cent(amount: Decimal) -> None:
    written = money.full(amount, "USD")
    assert Decimal(re.sub(r"[$,]", "", written)) == amount


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_a_range_names_its_unit_once_or_twice_but_never_wrongly(a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    written = money.between(low, high, "USD")
    assert written.startswith("$")
    assert written.endswith(money.short(high, "USD")[1:])


def test_a_range_shares_its_unit() -> None:
    assert money.between(1200, 3400, "USD") == "$1.20\N{EN DASH}3.40K"
    assert money.between(900, 1200, "EUR") == "€900\N{EN DASH}1.20K"


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


class EndsWhenAsked(Thread):
    """The thread of an apply that ends between the page's look at the plan and that at the job."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.end = end

    def is_alive(self) -> bool:
        self.end()
        return False


def approved(home: Path) -> Plan:
    """A plan of the demo that may be applied."""
    ledger = open_ledger(load_settings(home).ledger_url)
    work = Work(load_settings(home))
    with work.lake.reader(work.lake.published().snapshot) as connection:
        rows = connection.execute(
            "select * from actions.recommendation where status = 'open' and verb = 'stop' limit 1"
        ).pl()
    for name in ("ada", "grace"):
        with ledger.write() as connection:
            known_user(connection, name, work.as_of)
    plan = create(ledger, rows, work.clouds, author="ada", now=work.as_of)
    approve(ledger, plan.id, plan.hash, "grace", now=work.as_of)
    return plan


def test_a_page_that_was_drawn_while_its_run_ended_shows_the_end(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    work = Work(load_settings(own_demo_home))
    ledger = open_ledger(work.settings.ledger_url)
    with ledger.write() as connection:
        run_id = begin(connection, plan, "grace", work.as_of)
        set_status(connection, plan.id, "applying", actor="grace", now=work.as_of)

    def end() -> None:
        if load_run(ledger, run_id).finished_at is None:
            apply(ledger, plan.id, work.clouds, actor="grace", now=work.as_of)

    jobs, _ = decide._jobs()
    monkeypatch.setitem(jobs, plan.id, decide.Job(plan.id, 1, thread=EndsWhenAsked(end)))
    app = opened(own_demo_home, "plans", monkeypatch)
    assert not app.exception
    assert [box.value for box in app.warning if "interrupted" in box.value] == []
    assert any("by grace: 1 applied" in box.value for box in app.success)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_apply_that_dies_of_a_bug_says_so_on_the_page(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    work = Work(load_settings(own_demo_home))
    job = decide.Job(plan.id, 1)
    broken = work.settings.model_copy(update={"sources": ("none",)})
    job.thread = Thread(
        target=decide._apply,
        args=(job, open_ledger(work.settings.ledger_url), broken, "grace"),
    )
    job.thread.start()
    job.thread.join()
    jobs, _ = decide._jobs()
    monkeypatch.setitem(jobs, plan.id, job)
    app = opened(own_demo_home, "plans", monkeypatch)
    assert [box.value for box in app.error if "AttributeError" in box.value]


def test_a_plan_whose_approval_lapsed_says_so_and_can_be_approved_again(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    ledger = open_ledger(load_settings(own_demo_home).ledger_url)
    remove_user(ledger, "grace", actor="ada", now=plan.created_at)
    app = opened(own_demo_home, "plans", monkeypatch)
    assert any("Not approved any more" in box.value for box in app.warning)
    assert any("Approval lapsed" in badge.value for badge in app.markdown)
    assert [button.label for button in app.button if button.key == "approve"] == ["Approve"]
    assert not [button for button in app.button if button.key == "apply"]
