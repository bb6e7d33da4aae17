import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clouds.demo import DemoCloud
from clouds.demo.menu import offers
from clouds.demo.rates import RATES
from tests.clouds.measured import hours

CHECKS = {
    "idle_instance", "oversized_instance", "unattached_disk", "unattached_address", "old_snapshot",
    "stopped_but_billed_instance", "stopped_too_long", "volume_on_stopped_instance", "gp2_volume",
    "previous_generation", "off_hours", "idle_load_balancer", "unused_nat_gateway",
    "bucket_without_lifecycle", "idle_database", "log_group_without_retention",
    "underused_commitment", "premium_disk_unused", "orphan_snapshot",
    "snapshot_on_premium_storage", "multi_az_outside_production", "oversized_database",
    "silent_load_balancer",
}  # fmt: skip


@pytest.fixture(scope="module")
def key(made_estate: Path) -> dict[str, Any]:
    return json.loads((made_estate / "answers.json").read_text())


@pytest.fixture(scope="module")
def planted(key: dict[str, Any], demo: DemoCloud) -> pl.DataFrame:
    waste = pl.DataFrame(key["waste"]).with_columns(pl.col("saving_month").cast(pl.Float64))
    return waste.join(demo.inventory().rows, on=["cloud", "resource_id"], how="left")


@pytest.fixture(scope="module")
def measured(demo: DemoCloud) -> pl.DataFrame:
    """p97 of the hourly CPU maximum and p95 of the hourly network maximum over 14 days."""
    until = demo.now()
    measurements = hours(demo, until - timedelta(days=14), until)
    cpu = measurements.filter(pl.col("metric") == "cpu_percent").group_by("resource_id").agg(
        pl.col("max").quantile(0.97).alias("cpu_p97"),
        pl.col("max").quantile(0.99).alias("cpu_p99"),
        pl.len().alias("hours"),
    )  # fmt: skip
    memory = (
        measurements.filter(pl.col("metric") == "memory_percent")
        .group_by("resource_id").agg(pl.col("max").max().alias("memory_max"))
    )  # fmt: skip
    net = (
        measurements.filter(pl.col("metric") == "network_bytes_s")
        .group_by("resource_id").agg(pl.col("max").quantile(0.95).alias("net_p95"))
    )  # fmt: skip
    both = cpu.join(net, on="resource_id", how="full", coalesce=True)
    return both.join(memory, on="resource_id", how="left")


def test_at_least_fifteen_kinds_of_waste_are_planted_each_with_a_saving(
    planted: pl.DataFrame,
) -> None:
    by_chance = {"address_on_stopped_instance"}  # few machines have one
    assert set(planted["check"]) - by_chance == CHECKS
    assert planted.filter(pl.col("saving_month") <= 0).is_empty()
    assert planted.select(pl.struct("check", "resource_id").n_unique()).item() == planted.height


def test_not_everything_is_wasteful(planted: pl.DataFrame, demo: DemoCloud) -> None:
    machines = demo.inventory().rows.filter(pl.col("kind") == "instance")
    bad = planted.filter(pl.col("kind") == "instance")["resource_id"].n_unique()
    assert bad / machines.height < 0.5


def test_idle_machines_are_idle_and_no_other_running_one_is_unless_it_is_a_look_alike(
    planted: pl.DataFrame, measured: pl.DataFrame, demo: DemoCloud
) -> None:
    idle = (pl.col("cpu_p97") < 5) & (pl.col("net_p95") < 1000)
    machines = demo.inventory().rows.filter(
        (pl.col("kind") == "instance") & (pl.col("state") == "running")
    ).join(measured, on="resource_id")  # fmt: skip
    planted_idle = set(planted.filter(pl.col("check") == "idle_instance")["resource_id"])
    looks_idle = machines.filter(idle)
    assert planted_idle <= set(looks_idle["resource_id"])
    others = looks_idle.filter(~pl.col("resource_id").is_in(planted_idle))
    standby = pl.col("tags").str.contains("dr-standby")
    young = pl.col("created_at") > demo.now() - timedelta(days=14)
    assert others.filter(~standby & ~young).is_empty()
    assert others.filter(standby).height
    assert others.filter(young).height


def test_oversized_machines_would_fit_into_half_and_others_would_not(
    planted: pl.DataFrame, measured: pl.DataFrame, demo: DemoCloud
) -> None:
    roomy = planted.filter(pl.col("check") == "oversized_instance").join(measured, on="resource_id")
    assert roomy.filter(pl.col("cpu_p99") * 2 > 80).is_empty()
    assert roomy.filter(pl.col("memory_max") * 2 > 80).is_empty()
    rest = demo.inventory().rows.filter(
        (pl.col("kind") == "instance") & (pl.col("state") == "running")
        & ~pl.col("resource_id").is_in(planted["resource_id"].implode())
        & ~pl.col("tags").str.contains("dr-standby")
        & (pl.col("created_at") < demo.now() - timedelta(days=14))
    ).join(measured, on="resource_id")  # fmt: skip
    fits = (pl.col("cpu_p99") * 2 <= 80) & (pl.col("memory_max").fill_null(100) * 2 <= 80)
    assert rest.filter(fits).is_empty()


def test_unattached_disks_and_addresses_have_been_so_for_long(
    planted: pl.DataFrame, demo: DemoCloud
) -> None:
    for check, days in (("unattached_disk", 30), ("unattached_address", 7)):
        found = planted.filter(pl.col("check") == check)
        assert set(found["state"]) == {"available"}
        assert found["attached_to"].null_count() == found.height
        assert found.filter(pl.col("state_since") > demo.now() - timedelta(days=days)).is_empty()


def test_disks_that_were_detached_only_now_are_not_in_the_key(
    planted: pl.DataFrame, demo: DemoCloud
) -> None:
    fresh = demo.inventory().rows.filter(
        (pl.col("kind") == "disk") & (pl.col("state") == "available")
        & (pl.col("state_since") > demo.now() - timedelta(days=14))
    )  # fmt: skip
    assert fresh.height
    unattached = planted.filter(pl.col("check") == "unattached_disk")["resource_id"]
    assert fresh.filter(pl.col("resource_id").is_in(unattached.implode())).is_empty()


def test_old_snapshots_leave_a_newer_restore_point(planted: pl.DataFrame, demo: DemoCloud) -> None:
    snapshots = demo.inventory().rows.filter(pl.col("kind") == "snapshot").with_columns(
        pl.col("config").str.json_path_match("$.source").alias("source")
    )  # fmt: skip
    newest = pl.col("created_at") == pl.col("created_at").max().over("source")
    old = planted.filter(pl.col("check") == "old_snapshot")["resource_id"]
    found = snapshots.with_columns(newest.alias("is_newest")).filter(
        pl.col("resource_id").is_in(old.implode())
    )
    assert found["is_newest"].sum() == 0
    assert found.filter(pl.col("created_at") > demo.now() - timedelta(days=90)).is_empty()
    kept = snapshots.filter(newest & (pl.col("created_at") < demo.now() - timedelta(days=90)))
    orphans = planted.filter(pl.col("check") == "orphan_snapshot")["resource_id"]
    lone = kept.filter(~pl.col("resource_id").is_in(orphans.implode()))
    assert lone.filter(pl.col("resource_id").is_in(old.implode())).is_empty()


def test_idle_databases_have_no_connection(planted: pl.DataFrame, demo: DemoCloud) -> None:
    idle = planted.filter(pl.col("check") == "idle_database")["resource_id"]
    measurements = hours(demo, demo.now() - timedelta(days=14), demo.now())
    theirs = measurements.filter(pl.col("resource_id").is_in(idle.implode()))
    assert theirs.filter((pl.col("metric") == "connections") & (pl.col("max") > 0)).is_empty()
    assert theirs.filter((pl.col("metric") == "cpu_percent") & (pl.col("p95") >= 5)).is_empty()


def test_oversized_databases_would_fit_into_half_and_others_would_not(
    planted: pl.DataFrame, measured: pl.DataFrame, demo: DemoCloud
) -> None:
    fits = (pl.col("cpu_p99") * 2 <= 80) & (pl.col("memory_max") * 2 <= 80)
    roomy = planted.filter(pl.col("check") == "oversized_database").join(measured, on="resource_id")
    assert roomy.height
    assert roomy.filter(~fits).is_empty()
    idle = planted.filter(pl.col("check") == "idle_database")["resource_id"]
    rest = demo.inventory().rows.filter(
        (pl.col("kind") == "database")
        & ~pl.col("resource_id").is_in(roomy["resource_id"].implode())
        & ~pl.col("resource_id").is_in(idle.implode())
    ).join(measured, on="resource_id")  # fmt: skip
    assert rest.filter(fits).is_empty()
    # Memory alone keeps some of them.
    assert rest.filter((pl.col("cpu_p99") * 2 <= 80) & (pl.col("memory_max") * 2 > 80)).height


def test_machines_with_hours_off_do_nothing_in_them(planted: pl.DataFrame, demo: DemoCloud) -> None:
    office = planted.filter(pl.col("check") == "off_hours")["resource_id"]
    measurements = hours(demo, demo.now() - timedelta(days=21), demo.now())
    cpu = measurements.filter(
        (pl.col("metric") == "cpu_percent") & pl.col("resource_id").is_in(office.implode())
    )
    quiet = cpu.group_by("resource_id").agg((pl.col("max") <= 5).mean().alias("share"))["share"]
    assert 0.6 < float(str(quiet.min())) <= float(str(quiet.max())) < 0.95


@pytest.mark.parametrize(
    ("check", "evidence"),
    [
        ("stopped_but_billed_instance", pl.col("state") == "stopped_billed"),
        ("stopped_too_long", pl.col("state") == "stopped"),
        ("volume_on_stopped_instance", pl.col("config").str.contains('"boot":"false"')),
        ("gp2_volume", pl.col("sku") == "gp2"),
        ("idle_load_balancer", pl.col("config").str.contains('"targets":"0"')),
        ("unused_nat_gateway", pl.col("config").str.contains('"routes":"0"')),
        ("bucket_without_lifecycle", pl.col("config").str.contains('"lifecycle":"none"')),
        ("log_group_without_retention", ~pl.col("config").str.contains("retention_days")),
        ("multi_az_outside_production", pl.col("config").str.contains('"multi_az":"true"')),
        ("snapshot_on_premium_storage", pl.col("sku") == "Premium_LRS"),
        ("premium_disk_unused", pl.col("sku").is_in(["Premium_LRS", "pd-ssd"])),
        ("orphan_snapshot", pl.col("config").str.contains("-deleted")),
    ],
)
def test_the_inventory_shows_what_is_wrong(
    planted: pl.DataFrame, check: str, evidence: pl.Expr
) -> None:
    found = planted.filter(pl.col("check") == check)
    assert found.height
    assert found.filter(~evidence).is_empty()


def test_every_instance_type_is_a_real_one(demo: DemoCloud) -> None:
    machines = demo.inventory().rows.filter(pl.col("kind") == "instance")
    known = (
        offers()
        .filter(pl.col("vcpus").is_not_null())
        .select("cloud", instance_type="instance_type")
    )
    unknown = machines.join(
        known, left_on=["cloud", "sku"], right_on=["cloud", "instance_type"], how="anti"
    )
    assert unknown.is_empty()


def test_anomalies_name_a_series_of_the_bills_and_their_impact(key: dict[str, Any]) -> None:
    kinds = {row["kind"] for row in key["anomalies"]}
    assert kinds >= {"spike", "step", "ramp", "lost_tag", "price_change", "stopped_discount",
                     "runaway_logging"}  # fmt: skip
    services = set(RATES["service"])
    for row in key["anomalies"]:
        assert row["service"] in services
        assert float(row["impact"]) > 0, row
        assert row["end"] is None or row["end"] > row["start"]
