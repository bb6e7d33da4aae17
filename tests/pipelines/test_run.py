import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from home import Home, home_at
from small import DAYS, NOW

from pipelines.errors import UnknownAssets
from pipelines.run import RunReport, run
from pipelines.settings import Settings, SourceSettings
from pipelines.work import Work
from warehouse.build import find
from warehouse.errors import NewerTables
from warehouse.lake import Lake

TOTAL = Decimal("2.50") * DAYS


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunReport]:
    """A home after its first run, for tests that only look, or copy it."""
    home = home_at(tmp_path_factory.mktemp("ran"), "small")
    return home, home.run()


def status(report: RunReport) -> dict[str, str]:
    return {step.name: step.status for step in report.steps}


def test_a_run_reads_computes_and_publishes(ran: tuple[Home, RunReport]) -> None:
    home, report = ran
    assert {step.name for step in report.steps if step.status != "done"} == set(), report.steps
    assert report.ok
    assert report.snapshot == Lake(home.settings).published().snapshot
    assert home.ask("select sum(effective_cost) from marts.monthly_cost") == [(TOTAL,)]


def test_every_mart_is_a_step(ran: tuple[Home, RunReport]) -> None:
    _, report = ran
    assert {name.replace(".", "/") for name in find()} <= status(report).keys()


def test_the_clock_is_that_of_the_sources(ran: tuple[Home, RunReport]) -> None:
    home, _ = ran
    assert Lake(home.settings).published().as_of == NOW


def test_every_step_says_how_many_rows_it_wrote(ran: tuple[Home, RunReport]) -> None:
    _, report = ran
    rows = {step.name: step.rows for step in report.steps}
    assert rows["raw/focus"] == 2 * DAYS
    assert rows["raw/resource"] == 2
    assert rows["marts/overview"] == 1
    assert rows["check:daily_cost_ties_to_lines"] == 0


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_stops_and_publishes_nothing(
    ran: tuple[Home, RunReport], tmp_path: Path, by: signal.Signals
) -> None:
    home = ran[0].copy(tmp_path)
    told = list[str]()

    def progress(message: str) -> None:
        told.append(message)
        if message == "looking for anomalies":
            os.kill(os.getpid(), by)

    before = Lake(home.settings).published().snapshot
    work = Work(home.settings, progress, given_sources=dict(home.clouds))
    with pytest.raises(KeyboardInterrupt):
        run(home.settings, work=work)
    assert Lake(home.settings).published().snapshot == before
    assert told[-1] == "looking for anomalies"
    assert home.run().ok


def test_a_part_of_a_run_brings_an_older_lake_up_to_date_first(
    ran: tuple[Home, RunReport], tmp_path: Path
) -> None:
    home = ran[0].copy(tmp_path)
    with Lake(home.settings).write("as an older version left it") as write:
        write.connection.execute("drop table models.right_size")
    assert home.run(select="actions/recommendation").ok
    assert home.ask("from models.right_size") == []


def test_a_rerun_changes_nothing(ran: tuple[Home, RunReport], tmp_path: Path) -> None:
    home = ran[0].copy(tmp_path)
    tables = {"raw.focus", "raw.resource", "raw.metric", "models.forecast", *find()}
    tables -= {"marts.recommendation_now"}  # names the snapshot
    queries = [f"from {table} order by all" for table in sorted(tables)]
    before = home.ask_all(queries)
    report = home.run()
    assert report.ok
    assert report.snapshot != ran[1].snapshot
    for query, first, second in zip(queries, before, home.ask_all(queries), strict=True):
        assert first == second, query


def test_a_failing_check_that_blocks_keeps_readers_on_the_old_snapshot(
    ran: tuple[Home, RunReport], tmp_path: Path
) -> None:
    home = ran[0].copy(tmp_path)
    home.write("insert into raw.focus (BillingCurrency, BilledCost) values ('USD', 1)")
    report = home.run()
    assert not report.ok
    assert status(report)["check:lines_have_currency_and_period"] == "failed"
    assert status(report)["marts/daily_cost"] == "skipped"
    assert status(report)["meta/published"] == "skipped"
    assert report.snapshot == ran[1].snapshot
    assert home.ask("select sum(effective_cost) from marts.daily_cost") == [(TOTAL,)]


def test_bills_that_arrive_beside_the_run_are_not_published_half(
    ran: tuple[Home, RunReport], tmp_path: Path
) -> None:
    home = ran[0].copy(tmp_path)
    home.write("delete from raw.focus where ChargePeriodStart = '2026-01-01'")
    report = home.run("meta/published")
    (step,) = [step for step in report.steps if step.name == "meta/published"]
    assert step.status == "failed"
    assert "Nothing was published" in (step.reason or "")
    assert report.snapshot == ran[1].snapshot


def test_what_fails_leaves_the_rest(tmp_path: Path) -> None:
    home = home_at(tmp_path, "good", "bad")
    bad = home.clouds["bad"]
    bad.failing = {"bills", "metrics"}
    bad.resources = [{**bad.resources[0], "created_at": "once"}]  # a bug: not the promised type
    report = home.run()
    failed = {step.name: step.reason or "" for step in report.steps if step.status == "failed"}
    assert failed.keys() == {"raw/focus", "raw/resource", "raw/metric"}
    assert "bad: metrics of bad is refused" in failed["raw/metric"]
    assert "ComputeError" in failed["raw/resource"]
    assert not report.ok
    assert status(report)["meta/published"] == "done"
    assert status(report)["check:everything_was_read"] == "warned"
    assert home.ask("select sum(effective_cost) from marts.monthly_cost") == [(TOTAL,)]
    assert home.ask("select distinct source from marts.resource_now") == [("good",)]
    assert home.ask(
        "select source, what from marts.freshness where failed is not null order by all"
    ) == [("bad", "exports"), ("bad", "metrics")]


def test_a_source_that_is_not_installed_is_reported(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, as_of=NOW, sources=(SourceSettings(name="mars", cloud="martian"),)
    )
    report = run(settings, select="raw/resource,marts/billing_rhythm,marts/freshness")
    (step,) = [step for step in report.steps if step.status == "failed"]
    assert step.name == "raw/resource"
    assert "mars: No cloud named 'martian'" in (step.reason or "")


def test_only_the_selected_assets_are_made(tmp_path: Path) -> None:
    report = home_at(tmp_path, "small").run("+marts/daily_cost")
    assert [step.name for step in report.steps if not step.name.startswith("check:")] == [
        "raw/focus", "marts/daily_cost",
    ]  # fmt: skip
    assert report.snapshot is None, "nothing was published"


def test_an_unknown_asset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownAssets, match=r"marts/daly_cost.*marts/daily_cost"):
        home_at(tmp_path, "small").run("marts/daly_cost")


def test_a_home_of_a_newer_version_is_refused_at_once(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    home.write("alter table raw.read add column mood varchar")
    with pytest.raises(NewerTables):
        home.run()
