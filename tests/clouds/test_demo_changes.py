from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from clouds.cloud import Change, Observation, Resource, Verb
from clouds.demo import DemoCloud, connect, estate, menu
from clouds.demo.api import Api
from clouds.demo.state import State
from clouds.errors import CloudError, NotOffered, QuotaExceeded, Throttled, WrongState
from tests.clouds.demo_bills import cost_of, rows
from tests.clouds.measured import hours

Pick = Callable[[pl.Expr], Resource]


def pick(demo: DemoCloud, where: pl.Expr) -> Resource:
    found = demo.inventory().rows.filter(where).sort("resource_id")
    row = found.row(0, named=True)
    return Resource(*(row[name] for name in ("cloud", "account", "region", "resource_id", "kind")))


def change(
    resource: Resource, verb: Verb, after: str, *, change_id: str = "c-1", backup: str | None = None
) -> Change:
    look = Observation(state="any")
    return Change(change_id, resource, verb, "any", after, look, "R2", None, backup=backup)


def apply(demo: DemoCloud, wanted: Change) -> str | None:
    """Make the change, as often as the cloud asks to try again."""
    kind = demo.kinds[wanted.resource.cloud, wanted.resource.kind]
    for _ in range(5):
        try:
            return kind.apply(wanted)
        except Throttled:
            continue
    return kind.apply(wanted)


def observe(demo: DemoCloud, resource: Resource) -> Observation:
    return demo.kinds[resource.cloud, resource.kind].observe(resource)


def running(cloud: str) -> pl.Expr:
    return (
        (pl.col("cloud") == cloud) & (pl.col("kind") == "instance") & (pl.col("state") == "running")
        & ~pl.col("config").str.contains("protection")
    )  # fmt: skip


ON_AWS = running("aws") & (pl.col("account") == "210987654306")  # no commitment covers it


def api(folder: Path) -> Api:
    state = State(folder)
    connection = state._open()
    return Api(connection, state.now())


def test_stop_start_and_resize_change_how_a_machine_looks(own_demo: DemoCloud) -> None:
    machine = pick(own_demo, ON_AWS)
    before = observe(own_demo, machine)
    apply(own_demo, change(machine, "stop", "stopped", change_id="a"))
    assert observe(own_demo, machine).state == "stopped"
    apply(own_demo, change(machine, "start", "running", change_id="b"))
    assert observe(own_demo, machine).fingerprint() == before.fingerprint()
    other = "m6i.large" if before.sku != "m6i.large" else "m5.large"
    if before.sku and before.sku[:3] in ("m7g", "c7g"):
        other = "m7g.medium"
    apply(own_demo, change(machine, "resize", other, change_id="c"))
    after = observe(own_demo, machine)
    assert (after.state, after.sku) == ("running", other)


def test_a_second_call_with_the_same_id_changes_nothing_and_answers_the_same(
    own_demo: DemoCloud,
) -> None:
    disk = pick(own_demo, (pl.col("kind") == "disk") & (pl.col("state") == "available"))
    delete = change(disk, "delete", "absent")
    made = apply(own_demo, delete)
    resources = own_demo.inventory().rows
    assert made is not None
    assert apply(own_demo, delete) == made
    assert own_demo.inventory().rows.equals(resources)
    assert not observe(own_demo, disk).exists


def test_a_deleted_disk_comes_back_from_the_snapshot_taken_before(own_demo: DemoCloud) -> None:
    disk = pick(own_demo, (pl.col("kind") == "disk") & (pl.col("state") == "available"))
    before = observe(own_demo, disk)
    made = apply(own_demo, change(disk, "delete", "absent", change_id="a"))
    assert made in set(own_demo.inventory().rows["resource_id"])
    apply(own_demo, change(disk, "restore", "available", change_id="b", backup=made))
    assert observe(own_demo, disk).fingerprint() == before.fingerprint()


def test_a_deleted_machine_takes_its_boot_disk_along_and_restore_brings_both(
    own_demo: DemoCloud,
) -> None:
    machine = pick(own_demo, ON_AWS)
    disks = own_demo.inventory().rows.filter(pl.col("attached_to") == machine.resource_id)
    made = apply(own_demo, change(machine, "delete", "absent", change_id="a"))
    left = set(own_demo.inventory().rows["resource_id"])
    boot = disks.filter(pl.col("config").str.contains('"boot":"true"'))["resource_id"].item()
    assert machine.resource_id not in left
    assert boot not in left
    apply(own_demo, change(machine, "restore", "running", change_id="b", backup=made))
    again = own_demo.inventory().rows.filter(pl.col("attached_to") == machine.resource_id)
    assert set(again["resource_id"]) == set(disks["resource_id"])


def test_the_way_back_of_a_deallocated_machine_is_held_again(own_demo: DemoCloud) -> None:
    held = pick(own_demo, (pl.col("cloud") == "azure") & (pl.col("state") == "stopped_billed"))
    apply(own_demo, change(held, "stop", "stopped", change_id="a"))
    assert observe(own_demo, held).state == "stopped"
    apply(own_demo, change(held, "start", "stopped_billed", change_id="b"))
    assert observe(own_demo, held).state == "stopped_billed"


def test_a_running_machine_is_not_resized_by_the_cloud_itself(own_estate: Path) -> None:
    machine = pick(connect(str(own_estate)), ON_AWS)
    with pytest.raises(WrongState, match="stop it first"):
        api(own_estate).resize(machine.resource_id, "m5.large")


def test_attached_disks_and_addresses_are_not_given_away(own_demo: DemoCloud) -> None:
    in_use = pl.col("state") == "in_use"
    disk = pick(own_demo, (pl.col("kind") == "disk") & in_use)
    address = pick(own_demo, (pl.col("kind") == "address") & in_use)
    with pytest.raises(WrongState, match="attached to"):
        apply(own_demo, change(disk, "delete", "absent", change_id="a"))
    with pytest.raises(WrongState, match="attached to"):
        apply(own_demo, change(address, "release", "absent", change_id="b"))
    assert observe(own_demo, disk).exists
    assert observe(own_demo, disk).backup is None  # the refused delete left no snapshot


def test_termination_protection_refuses_a_delete(own_demo: DemoCloud) -> None:
    guarded = pick(own_demo, pl.col("config").str.contains("termination_protection"))
    with pytest.raises(WrongState, match="termination protection"):
        apply(own_demo, change(guarded, "delete", "absent"))


def test_a_size_beyond_the_quota_is_refused(own_demo: DemoCloud) -> None:
    small = running("aws") & pl.col("sku").str.contains(r"^(m5|m6i|c6i|t3|r5|r6i)\.")
    machine = pick(own_demo, small & (pl.col("region") == "us-east-1"))
    with pytest.raises(QuotaExceeded, match="vCPUs"):
        apply(own_demo, change(machine, "resize", "m5.24xlarge"))
    assert observe(own_demo, machine).state == "running"


def test_a_size_that_is_not_offered_there_is_refused(own_demo: DemoCloud) -> None:
    machine = pick(own_demo, ON_AWS)
    with pytest.raises(NotOffered, match="does not offer"):
        apply(own_demo, change(machine, "resize", "m99.large"))


def test_every_so_often_the_cloud_asks_to_slow_down_and_then_obeys(own_demo: DemoCloud) -> None:
    machine = pick(own_demo, ON_AWS)
    kind = own_demo.kinds["aws", "instance"]
    waits: list[float] = []
    for number in range(80):
        try:
            kind.apply(change(machine, "stop", "stopped", change_id=f"c-{number}"))
        except Throttled as error:
            waits.append(error.retry_after_seconds)
    assert 0 < len(waits) < 20
    assert min(waits) > 0


def test_a_schedule_needs_hours_it_can_read(own_demo: DemoCloud) -> None:
    machine = pick(own_demo, ON_AWS)
    with pytest.raises(CloudError, match="mon-fri"):
        apply(own_demo, change(machine, "schedule", "weekdays"))
    assert "schedule" not in own_demo.kinds["digitalocean", "instance"].verbs


def test_every_verb_names_the_permissions_it_needs(demo: DemoCloud) -> None:
    for (cloud, kind), adapter in demo.kinds.items():
        for verb in adapter.verbs:
            assert adapter.permissions(verb), (cloud, kind, verb)


def test_after_a_stop_only_the_disks_are_billed(own_estate: Path) -> None:
    demo = connect(str(own_estate))
    machine = pick(demo, ON_AWS)
    day = f"{demo.now():%Y-%m-%d}"
    before = cost_of(own_estate, "2026-11", "aws", machine.resource_id, "2026-11-21")
    apply(demo, change(machine, "stop", "stopped"))
    estate.advance(own_estate, 2)
    assert before > 0
    assert cost_of(own_estate, "2026-11", "aws", machine.resource_id, day) == 0
    assert cost_of(own_estate, "2026-11", "aws", machine.resource_id, "2026-11-21") == before
    disk = demo.inventory().rows.filter(pl.col("attached_to") == machine.resource_id)
    assert cost_of(own_estate, "2026-11", "aws", disk["resource_id"][0], day) > 0


def test_after_ten_days_changes_have_lowered_the_bill_by_the_expected_amounts(
    own_estate: Path,
) -> None:
    demo = connect(str(own_estate))
    machine = pick(demo, ON_AWS & pl.col("sku").is_in(["m5.xlarge", "m6i.xlarge", "m5.2xlarge",
                                                       "m6i.2xlarge", "t3.xlarge", "c6i.xlarge",
                                                       "r5.xlarge", "r6i.xlarge"]))  # fmt: skip
    disk = pick(demo, (pl.col("kind") == "disk") & (pl.col("state") == "available")
                & pl.col("account").str.starts_with("2109"))  # fmt: skip
    price = menu.prices().filter(
        (pl.col("instance_type") == "m5.large") & (pl.col("region") == "us-east-1")
        & (pl.col("price_type") == "on_demand") & (pl.col("os") == "linux")
    )["price_hour"].item()  # fmt: skip
    made = apply(demo, change(disk, "delete", "absent", change_id="a"))
    apply(demo, change(machine, "resize", "m5.large", change_id="b"))
    estate.advance(own_estate, 10)
    assert connect(str(own_estate)).now() == demo.now()
    assert f"{demo.now():%Y-%m-%d}" == "2026-12-02"
    for month, day in (("2026-11", "2026-11-23"), ("2026-12", "2026-12-01")):
        assert cost_of(own_estate, month, "aws", disk.resource_id, day) == 0
        assert cost_of(own_estate, month, "aws", machine.resource_id, day) == price * 24
        assert cost_of(own_estate, month, "aws", str(made), day) > Decimal(0)
    assert set(demo.invoices().rows["period"].dt.strftime("%Y-%m")) >= {"2026-11"}
    later = hours(demo, demo.now() - timedelta(days=9), demo.now())
    assert later["hour"].max() == demo.now() - timedelta(hours=1)


def test_a_scheduled_machine_is_billed_for_its_hours_only(own_estate: Path) -> None:
    demo = connect(str(own_estate))
    machine = pick(demo, ON_AWS)
    full = cost_of(own_estate, "2026-11", "aws", machine.resource_id, "2026-11-20")
    apply(demo, change(machine, "schedule", "mon-fri 07:00-19:00"))
    assert observe(demo, machine).schedule == "mon-fri 07:00-19:00"
    estate.advance(own_estate, 7)
    monday = cost_of(own_estate, "2026-11", "aws", machine.resource_id, "2026-11-23")
    saturday = cost_of(own_estate, "2026-11", "aws", machine.resource_id, "2026-11-28")
    assert monday == full / 2
    assert saturday == 0


def test_advancing_adds_days_and_leaves_the_ones_before_as_they_were(own_estate: Path) -> None:
    query = "select sum(billed) from bill where day < '2026-11-22' and resource_id is not null"
    before = {feed: rows(own_estate, "2026-11", feed, query) for feed in ("aws", "gcp", "onprem")}
    estate.advance(own_estate, 1)
    after = {feed: rows(own_estate, "2026-11", feed, query) for feed in before}
    assert after == before
    newest = "select max(day) from bill where resource_id is not null"
    assert str(rows(own_estate, "2026-11", "azure", newest)[0][0]) == "2026-11-22"


def test_time_does_not_run_backwards(own_estate: Path) -> None:
    with pytest.raises(ValueError, match="forward"):
        estate.advance(own_estate, 0)
