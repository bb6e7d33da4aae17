"""Bills and the inventory name one resource in different ways: whose cost it is."""

from datetime import datetime
from typing import Any

import pytest
from estate import AS_OF, d, insert, line, mart, rows, warehouse

from warehouse.build import build

EC2 = "arn:aws:ec2:eu-west-1:123456789012"
GCP = "//compute.googleapis.com/projects"


def resource(resource_id: str, kind: str, **columns: Any) -> dict[str, Any]:
    return {
        "source": "s", "cloud": "aws", "account": "123456789012", "region": "eu-west-1",
        "resource_id": resource_id, "kind": kind, "valid_from": datetime(2026, 1, 2), **columns,
    }  # fmt: skip


AWS = [
    # kind, as the inventory has it, as AWS bills it
    ("instance", "i-0abcdef1234567890", "i-0abcdef1234567890"),
    ("instance", "i-0abcdef1234567890", f"{EC2}:instance/i-0abcdef1234567890"),
    ("disk", "vol-0abcdef1234567890", "vol-0abcdef1234567890"),
    ("disk", "vol-0abcdef1234567890", f"{EC2}:volume/vol-0abcdef1234567890"),
    ("snapshot", "snap-0abcdef1234567890", f"{EC2}:snapshot/snap-0abcdef1234567890"),
    ("snapshot", "snap-1234abcd", "arn:aws:ec2:eu-west-1::snapshot/snap-1234abcd"),
    ("nat_gateway", "nat-0abcdef1234567890", f"{EC2}:natgateway/nat-0abcdef1234567890"),
    ("address", "eipalloc-0abcdef1234567890", f"{EC2}:elastic-ip/eipalloc-0abcdef1234567890"),
    ("network_interface", "eni-0abcdef1234567890",
     f"{EC2}:network-interface/eni-0abcdef1234567890"),
    ("nat_gateway", "nat-0abcdef1234567890",
     "arn:aws-cn:ec2:cn-north-1:123456789012:natgateway/nat-0abcdef1234567890"),
    ("capacity_reservation", f"{EC2}:capacity-reservation/cr-0abcdef1234567890",
     f"{EC2}:capacity-reservation/cr-0abcdef1234567890"),
    ("private_endpoint", f"{EC2}:vpc-endpoint/vpce-0abcdef1234567890",
     f"{EC2}:vpc-endpoint/vpce-0abcdef1234567890"),
    ("private_endpoint", f"{EC2}:vpc-endpoint/vpce-0abcdef1234567890", "vpce-0abcdef1234567890"),
    ("vpn_connection", f"{EC2}:vpn-connection/vpn-0abcdef1234567890",
     f"{EC2}:vpn-connection/vpn-0abcdef1234567890"),
    ("bucket", "acme-logs", "acme-logs"),
    ("bucket", "acme-logs", "arn:aws:s3:::acme-logs"),
    ("load_balancer",
     "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
     "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188"),
    ("load_balancer", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/shop",
     "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/shop"),
    ("database", "arn:aws:rds:eu-west-1:123456789012:db:shop",
     "arn:aws:rds:eu-west-1:123456789012:db:shop"),
    ("function", "arn:aws:lambda:eu-west-1:123456789012:function:pay",
     "arn:aws:lambda:eu-west-1:123456789012:function:pay"),
    ("function", "arn:aws:lambda:eu-west-1:123456789012:function:pay",
     "arn:aws:lambda:eu-west-1:123456789012:function:pay:live"),
    ("log_group", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pay",
     "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pay:*"),
    ("table", "arn:aws:dynamodb:eu-west-1:123456789012:table/carts",
     "arn:aws:dynamodb:eu-west-1:123456789012:table/carts"),
    ("cache", "arn:aws:elasticache:eu-west-1:123456789012:cluster:sessions-001",
     "arn:aws:elasticache:eu-west-1:123456789012:cluster:sessions-001"),
    ("file_share", "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-01234567",
     "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-01234567"),
    ("registry", "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web",
     "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "known", "billed"), AWS)
def test_what_aws_bills_is_the_cost_of_the_resource_that_the_inventory_knows(
    kind: str, known: str, billed: str
) -> None:
    (row,) = mart(
        "resource_run_rate",
        raw_resource=[resource(known, kind)],
        raw_focus=[line("2026-03-19", "2", ResourceId=billed)],
    )
    assert row["resource_id"] == known


GOOGLE = [
    ("instance", f"{GCP}/shop/zones/europe-west1-b/instances/5126793408112345678",
     f"{GCP}/shop/zones/europe-west1-b/instances/5126793408112345678"),
    ("instance", f"{GCP}/shop/zones/europe-west1-b/instances/5126793408112345678",
     f"{GCP}/412345678901/zones/europe-west1-b/instances/5126793408112345678"),
    ("disk", f"{GCP}/shop/zones/europe-west1-b/disks/7126793408112345678",
     f"{GCP}/shop/zones/europe-west1-b/disk/7126793408112345678"),
    ("address", f"{GCP}/shop/global/addresses/8126793408112345678",
     f"{GCP}/shop/global/globalAddresses/8126793408112345678"),
    ("snapshot", f"{GCP}/shop/global/snapshots/9126793408112345678",
     f"{GCP}/shop/global/snapshots/9126793408112345678"),
    ("bucket", "//storage.googleapis.com/acme-logs",
     "//storage.googleapis.com/projects/_/buckets/acme-logs"),
    ("database", "//cloudsql.googleapis.com/projects/shop/instances/orders",
     "//cloudsql.googleapis.com/projects/shop/instances/orders"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "known", "billed"), GOOGLE)
def test_what_google_bills_is_the_cost_of_the_resource_that_the_inventory_knows(
    kind: str, known: str, billed: str
) -> None:
    (row,) = mart(
        "resource_run_rate",
        raw_resource=[resource(known, kind, cloud="gcp")],
        raw_focus=[line("2026-03-19", "2", ResourceId=billed, x_cloud="gcp")],
    )
    assert row["resource_id"] == known


@pytest.mark.parametrize(
    ("cloud", "billed"),
    [
        ("aws", f"{EC2}:natgateway/nat-0abcdef1234567890"),
        ("aws", "arn:aws:ecs:eu-west-1:123456789012:task/shop/0123456789abcdef"),
        ("gcp", f"{GCP}/shop/zones/europe-west1-b/disk/1"),
        ("gcp", "projects/shop/instances/web"),
        ("azure", "/subscriptions/1/resourcegroups/a/providers/microsoft.compute/disks/d"),
        ("digitalocean", "7"),
    ],
)
def test_what_the_inventory_does_not_know_stays_as_billed(cloud: str, billed: str) -> None:
    known = [
        resource("nat-0abcdef1234567891", "nat_gateway"),
        resource(f"{GCP}/shop/zones/europe-west1-b/disks/11", "disk", cloud="gcp"),
    ]
    (row,) = mart(
        "resource_cost",
        raw_resource=known,
        raw_focus=[line("2026-03-19", "2", ResourceId=billed, x_cloud=cloud)],
    )
    assert row["resource_id"] == billed


def test_an_id_that_could_be_two_resources_is_taken_for_neither() -> None:
    same = "5126793408112345678"
    known = [
        resource(f"{GCP}/shop/zones/{zone}/disks/{same}", "disk", cloud="gcp")
        for zone in ("europe-west1-b", "europe-west1-c")
    ]
    billed = f"{GCP}/shop/zones/None/disk/{same}"
    found = mart(
        "billed_resource",
        raw_resource=known,
        raw_focus=[line("2026-03-19", "2", ResourceId=billed, x_cloud="gcp")],
    )
    assert found == []


def test_all_ids_of_one_resource_are_one_cost_and_none_is_lost() -> None:
    found = mart(
        "resource_cost_daily",
        raw_resource=[resource("i-0abcdef1234567890", "instance")],
        raw_focus=[
            line("2026-03-19", "2", ResourceId="i-0abcdef1234567890"),
            line("2026-03-19", "0.3", ResourceId=f"{EC2}:instance/i-0abcdef1234567890"),
        ],
    )
    assert [(row["resource_id"], row["effective_cost"]) for row in found] == [
        ("i-0abcdef1234567890", d("2.3"))
    ]


def test_what_has_been_deleted_is_still_known() -> None:
    gone = resource("snap-1234abcd", "snapshot", valid_to=datetime(2026, 3, 1))
    (row,) = mart(
        "resource_cost",
        raw_resource=[gone],
        raw_focus=[line("2026-02-19", "2", ResourceId=f"{EC2}:snapshot/snap-1234abcd")],
    )
    assert row["resource_id"] == "snap-1234abcd"


def test_meters_disk_prices_and_usage_to_commit_to_find_the_resource_too() -> None:
    connection = warehouse(
        raw_resource=[
            resource("vol-1234abcd", "disk", sku="gp3"),
            resource("i-1234abcd", "instance", sku="m5.large"),
        ],
        raw_focus=[
            line("2026-03-19", "2", ResourceId=f"{EC2}:volume/vol-1234abcd", PricingUnit="GB-Mo",
                 PricingQuantity=d("20"), ContractedUnitPrice=d("0.1"), ServiceCategory="Storage"),
            line("2026-03-19", "2", ResourceId=f"{EC2}:instance/i-1234abcd", PricingUnit="Hrs"),
        ],
    )  # fmt: skip
    build(connection, AS_OF)
    for table in ("resource_meter", "resource_meter_rate"):
        found = rows(connection, f"select distinct resource_id from marts.{table} order by all")
        assert [row["resource_id"] for row in found] == ["i-1234abcd", "vol-1234abcd"]
    (price,) = rows(connection, "from marts.unit_price")
    assert (price["what"], price["sku"], price["price"]) == ("disk_gib_month", "gp3", d("0.1"))
    (usage,) = rows(connection, "from marts.committable_usage")
    assert usage["instance_type"] == "m5.large"


def test_the_bills_own_text_stays_in_raw_focus() -> None:
    arn = f"{EC2}:natgateway/nat-0abcdef1234567890"
    connection = warehouse(raw_focus=[line("2026-03-19", "2", ResourceId=arn)])
    insert(connection, "raw.resource", [resource("nat-0abcdef1234567890", "nat_gateway")])
    build(connection, AS_OF)
    assert connection.execute("select ResourceId from raw.focus").fetchall() == [(arn,)]
