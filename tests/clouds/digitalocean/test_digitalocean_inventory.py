from datetime import datetime
from typing import Any

import pytest
from digitalocean_fake import ACCOUNT, Connect, Fake
from digitalocean_records import CLUSTER, VOLUME, VPC, domain, droplet

from clouds.cloud import RESOURCE_SCHEMA
from clouds.digitalocean.connection import DigitalOcean

pytestmark = pytest.mark.contract


def rows(cloud: DigitalOcean, kind: str) -> list[dict[str, Any]]:
    found = cloud.inventory().rows.sort("resource_id")
    return [row for row in found.iter_rows(named=True) if row["kind"] == kind]


def test_a_small_estate_comes_out_as_exact_rows(digitalocean: DigitalOcean) -> None:
    found = digitalocean.inventory()
    assert dict(found.rows.schema) == dict(RESOURCE_SCHEMA)
    assert set(found.rows["cloud"]) == {"digitalocean"}
    assert set(found.rows["account"]) == {ACCOUNT}
    assert set(found.rows["zone"]) == {None}
    assert set(found.rows["state_since"]) == {None}
    described = found.rows.sort("kind", "resource_id").select(
        "kind", "resource_id", "region", "name", "sku", "state", "attached_to", "member_of",
        "size_gib", "tags", "config",
    )  # fmt: skip
    network = f'"network":"{VPC}"'
    image = '"image":"ubuntu-24-04-x64"'
    web = '{"env":"prod","team":"web"}'
    team = '{"team":"web"}'
    front, backend = "4de7ac8b-495b-4884-9a69-1050c6793cd6", "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
    assert described.rows() == [
        ("access_key", "DOACCESSKEYEXAMPLE", "global", "backup", None, "active", None, None, None,
         "{}", '{"grants":"read"}'),
        ("address", "2409:40d0:f7::6e", "nyc3", "2409:40d0:f7::6e", "static", "available", None,
         None, None, "{}", "{}"),
        ("address", "45.55.96.47", "nyc3", "45.55.96.47", "static", "in_use", "3164444", None,
         None, "{}", "{}"),
        ("address", "45.55.96.48", "nyc3", "45.55.96.48", "static", "available", None, None, None,
         "{}", "{}"),
        ("cluster", CLUSTER, "nyc3", "prod", "standard", "active", None, None, None,
         '{"k8s":""}',
         f'{{{network},"node_skus":"s-2vcpu-4gb","nodes":"1","version":"1.34.1-do.0"}}'),
        ("database", backend, "nyc3", "backend", "db-s-2vcpu-4gb", "available", None, None, 60.0,
         '{"env":"prod"}',
         f'{{"engine":"postgres","multi_az":"false",{network},"nodes":"2","version":"16"}}'),
        ("disk", VOLUME, "nyc3", "data", "volume", "in_use", "3164444", None, 100.0, team,
         '{"boot":"false","filesystem":"ext4"}'),
        ("disk", "v-free", "nyc3", "free", "volume", "available", None, None, 100.0, "{}",
         '{"boot":"false","filesystem":"ext4"}'),
        ("dns_zone", "example.test", "global", "example.test", None, "active", None, None, None,
         "{}", "{}"),
        ("instance", "205545370", "nyc3", "pool-1", "s-2vcpu-4gb", "running", None, CLUSTER, None,
         f'{{"k8s":"{CLUSTER}"}}',
         f'{{"agent":"no","backups":"false",{image},{network},"os":"linux"}}'),
        ("instance", "3164444", "nyc3", "web-3164444", "s-2vcpu-4gb", "running", None, None, None,
         web, f'{{"agent":"yes","backups":"false",{image},{network},"os":"linux"}}'),
        ("instance", "3164445", "nyc3", "old", "s-2vcpu-4gb", "stopped_billed", None, None, None,
         "{}", f'{{"agent":"no","backups":"true",{image},{network},"os":"linux"}}'),
        ("load_balancer", front, "nyc3", "front", "application", "active", None, None, None, "{}",
         f'{{{network},"nodes":"2","targets":"1"}}'),
        ("network", VPC, "nyc3", "default-nyc3", None, "active", None, None, None, "{}",
         '{"cidr":"10.10.10.0/24","default":"true"}'),
        ("node_pool", "cdda885e-7663-40c8-bc74-3a036c66545d", "nyc3", "pool", "s-2vcpu-4gb",
         "active", None, CLUSTER, None, "{}",
         '{"autoscaling":"false","mode":"user","nodes":"1","os":"linux"}'),
        ("security_group", "bb4b2611-3d72-467b-8602-280330ecd65c", "global", "web", None, "active",
         None, None, None, "{}",
         '{"inbound_rules":"1","open_ports":"22","open_to_internet":"true","outbound_rules":"0",'
         '"targets":"1"}'),
        ("snapshot", "6372321", "nyc3", "web", "standard", "completed", None, None, 2.34, "{}",
         f'{{"regions":"nyc3","source":"{VOLUME}","source_kind":"disk"}}'),
    ]  # fmt: skip
    created = dict(found.rows.select("resource_id", "created_at").rows())
    assert created["3164444"] == datetime(2026, 7, 21, 18, 37, 44)
    assert created[VPC] == datetime(2026, 1, 13, 19, 20, 47, 442049)
    assert sorted(found.read) == [
        ("digitalocean", ACCOUNT, "ams3"), ("digitalocean", ACCOUNT, "global"),
        ("digitalocean", ACCOUNT, "nyc3"),
    ]  # fmt: skip
    assert list(found.failed) == []


def test_reading_twice_gives_the_same_rows(digitalocean: DigitalOcean) -> None:
    one, other = (digitalocean.inventory().rows.sort("kind", "resource_id") for _ in range(2))
    assert one.equals(other)


def test_all_pages_are_read(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.lists["/v2/droplets"] = [droplet(number) for number in range(1, 203)]
    fake.lists["/v2/domains"] = [domain(f"{number}.test") for number in range(450)]
    assert len(rows(digitalocean, "instance")) == 202
    assert len(rows(digitalocean, "dns_zone")) == 450
    assert ("/v2/domains", {"per_page": "200", "page": "3"}) in fake.asked


def test_an_empty_account_has_no_rows_and_is_read(empty: Fake, connect: Connect) -> None:
    found = connect(empty).inventory()
    assert found.rows.is_empty()
    assert list(found.failed) == []
    assert ("digitalocean", ACCOUNT, "nyc3") in found.read


def test_a_kind_that_is_denied_leaves_the_others(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.denied.add("/v2/volumes")
    found = digitalocean.inventory()
    assert found.rows.filter(kind="disk").is_empty()
    assert found.rows.filter(kind="instance").height == 3
    assert {each.account for each in found.failed} == {ACCOUNT}
    assert {(each.region, each.kind) for each in found.failed} == {
        ("nyc3", "disk"), ("ams3", "disk"),
    }  # fmt: skip
    assert "The permission block_storage:read is missing" in found.failed[0].reason


def test_clusters_that_are_denied_do_not_hide_their_nodes(
    fake: Fake, digitalocean: DigitalOcean
) -> None:
    fake.denied.add("/v2/kubernetes/clusters")
    assert [row["member_of"] for row in rows(digitalocean, "instance")] == [None] * 3


def test_regions_that_are_denied_are_reported(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.denied.add("/v2/regions")
    found = digitalocean.inventory()
    assert found.rows.height == 17
    assert [(each.region, each.kind) for each in found.failed] == [("global", "region")]
    assert ("digitalocean", ACCOUNT, "ams3") not in found.read


def test_strange_tags_come_through_whole(fake: Fake, digitalocean: DigitalOcean) -> None:
    long = "v" * 256
    fake.lists["/v2/droplets"] = [droplet(tags=['a"b:🦈', f"long:{long}", "k:1", "k:2", "word"])]
    fake.lists["/v2/kubernetes/clusters"] = []
    [row] = rows(digitalocean, "instance")
    assert row["tags"] == f'{{"a\\"b":"🦈","k":"1,2","long":"{long}","word":""}}'


def test_a_windows_image_is_no_linux(fake: Fake, digitalocean: DigitalOcean) -> None:
    image = {"id": 1, "name": "Windows Server 2022", "type": "custom", "distribution": "Unknown"}
    fake.lists["/v2/droplets"] = [droplet(image=image)]
    assert '"os":"windows"' in rows(digitalocean, "instance")[0]["config"]


def test_an_answer_that_breaks_off_is_a_failure_of_its_kind(
    fake: Fake, digitalocean: DigitalOcean
) -> None:
    fake.cut.add("/v2/snapshots")
    found = digitalocean.inventory()
    assert {each.kind for each in found.failed} == {"snapshot"}
    assert found.rows.filter(kind="instance").height == 3


def test_fewer_records_than_counted_are_not_taken_for_all(
    fake: Fake, digitalocean: DigitalOcean
) -> None:
    class Short(list[Any]):
        def __getitem__(self, key: Any) -> Any:  # the page lacks what the count has
            return list.__getitem__(self, slice(0, 1))

    fake.lists["/v2/volumes"] = Short(fake.lists["/v2/volumes"])
    [reason] = {each.reason for each in digitalocean.inventory().failed}
    assert "gave 1 of 2 volumes" in reason
