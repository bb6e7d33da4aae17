"""Parts of what the sources tell, noted in Dagster and read again: by month, by day, or a year."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from home import Home, home_at
from small import NOW, SmallCloud

from pipelines.definitions import build
from pipelines.errors import UnknownSource
from pipelines.instance import open_instance
from pipelines.partitions import BILLS_KEY, METRICS_KEY, last_months
from pipelines.run import backfill

RAW = "raw/focus,raw/resource,raw/metric"
PLACE = "small/small-account/eu-west-1"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path, "small")


@pytest.fixture
def cloud(home: Home) -> SmallCloud:
    return home.clouds["small"]


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with open_instance(home.settings.dagster_home) as instance:
        yield instance


def noted(instance: dg.DagsterInstance, key: dg.AssetKey) -> set[str]:
    return instance.get_materialized_partitions(key)


def materialize(home: Home, instance: dg.DagsterInstance, key: dg.AssetKey, part: str) -> None:
    """As Dagster's page does it for one partition."""
    work = home.work()
    job = build(home.settings, work).resolve_implicit_global_asset_job_def()
    job = job.get_subset(asset_selection={key})
    done = job.execute_in_process(
        run_config=QUIET, instance=instance, partition_key=part, raise_on_error=True
    )
    assert done.success


def test_a_run_notes_the_months_that_were_loaded_and_the_days_that_are_over(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.run(RAW)
    months = {f"small/small-account-payer|2026-0{month}-01" for month in (1, 2, 3)}
    assert noted(instance, BILLS_KEY) == months
    days = {NOW.date() - timedelta(days=back) for back in range(1, home.settings.metric_days)}
    first = NOW.date() - timedelta(days=home.settings.metric_days)
    assert noted(instance, METRICS_KEY) == {f"{day}|{PLACE}" for day in {*days, first}}


def test_what_could_not_be_read_is_not_noted(
    home: Home, cloud: SmallCloud, instance: dg.DagsterInstance
) -> None:
    cloud.failing = {"bills", "metrics"}
    home.run(RAW)
    assert noted(instance, BILLS_KEY) | noted(instance, METRICS_KEY) == set()


def test_one_month_is_read_again_by_its_partition(
    home: Home, cloud: SmallCloud, instance: dg.DagsterInstance
) -> None:
    home.run(RAW)
    assert cloud.anew == []
    materialize(home, instance, BILLS_KEY, "small/small-account-payer|2026-02-01")
    assert cloud.anew == [date(2026, 2, 1)]


def test_one_day_is_measured_again_by_its_partition(
    home: Home, cloud: SmallCloud, instance: dg.DagsterInstance
) -> None:
    home.run(RAW)
    of_the_day = "select count(*) from raw.metric where hour::date = date '2026-03-10'"
    known = "select until from raw.read where what = 'metrics'"
    before = home.ask_newest(known)
    home.write("delete from raw.metric where hour::date = date '2026-03-10'")
    cloud.asked.clear()
    materialize(home, instance, METRICS_KEY, f"2026-03-10|{PLACE}")
    assert cloud.asked == [(datetime(2026, 3, 10), datetime(2026, 3, 11))]
    assert home.ask_newest(of_the_day) == [(24,)]
    assert home.ask_newest(known) == before


def test_a_backfill_reads_each_month_again_and_then_what_is_new(
    home: Home, cloud: SmallCloud
) -> None:
    home.run(RAW)
    cloud.asked.clear()
    report = backfill(home.settings, 13, select=RAW, work=home.work())
    assert report.ok
    assert cloud.anew == last_months(NOW, 13)
    assert cloud.anew[0] == date(2025, 3, 1)
    hour = NOW.replace(minute=0)
    assert cloud.asked == [  # nothing before the resource was created
        (datetime(2026, 1, 1), datetime(2026, 2, 1)),
        (datetime(2026, 2, 1), datetime(2026, 3, 1)),
        (datetime(2026, 3, 1), hour),
        (hour - timedelta(hours=3), hour),
    ]
    hours = int((hour - datetime(2026, 1, 1)) / timedelta(hours=1))
    measured = "select count(*), count(distinct hour) from raw.metric where resource_id = 'i-1'"
    assert home.ask_newest(measured) == [(hours, hours)]


def test_a_backfill_of_one_source_leaves_the_others_as_in_any_run(tmp_path: Path) -> None:
    home = home_at(tmp_path, "one", "two")
    backfill(home.settings, 2, ["two"], select="raw/focus", work=home.work())
    assert home.clouds["one"].anew == []
    assert home.clouds["two"].anew == [date(2026, 2, 1), date(2026, 3, 1)]


def test_an_unknown_source_is_named_with_those_that_exist(home: Home) -> None:
    with pytest.raises(UnknownSource, match=r"no source named 'smal'.*Its sources are: small\."):
        backfill(home.settings, 2, ["smal"], work=home.work())


def test_months_are_counted_back_over_the_year() -> None:
    assert last_months(datetime(2026, 1, 31, 12), 3) == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1),
    ]  # fmt: skip
