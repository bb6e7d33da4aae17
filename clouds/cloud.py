"""What every cloud can tell and do: the records that cross the border, and the protocol."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

Verb = Literal["stop", "start", "resize", "delete", "restore", "release", "snapshot", "schedule"]
Risk = Literal["R0", "R1", "R2", "R3", "R4", "R5"]
Kind = Literal[
    "instance", "disk", "address", "snapshot", "database", "load_balancer", "bucket", "nat_gateway",
    "cluster", "log_group", "function", "image", "scaling_group", "autoscaler",
    "network_interface", "security_group", "network", "subnet", "dns_zone", "service_account",
    "access_key", "commitment", "advice", "host", "storage_pool", "monitoring_target",
    "node", "namespace", "workload", "hpa", "pvc", "quota",
    "user", "secret", "cdn", "account", "audit_trail", "health_check",
    "app_plan", "elastic_pool", "document_account", "sql_machine", "backup_item", "spark_pool",
    "analytics_cluster", "ml_endpoint", "node_pool", "node_group", "circuit", "ddos_plan",
    "private_endpoint", "vpn_gateway", "vpn_connection", "subscription", "spanner", "volume",
    "table", "cache", "warehouse", "stream", "file_share", "registry", "database_snapshot",
    "container_service", "spark_cluster", "desktop", "capacity_reservation", "firewall",
]  # fmt: skip

ABSENT = "absent"  # the state of a resource that does not exist

RESOURCE_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "account": pl.String(),
    "region": pl.String(),
    "zone": pl.String(),
    "resource_id": pl.String(),
    "kind": pl.String(),
    "name": pl.String(),
    "sku": pl.String(),  # instance type, disk type, database class
    "state": pl.String(),  # the cloud's own word: running, stopped, available, in-use
    "state_since": pl.Datetime("us"),  # UTC; null where the cloud does not say
    "created_at": pl.Datetime("us"),
    "attached_to": pl.String(),  # resource_id of the owner; null = attached to nothing
    "member_of": pl.String(),  # resource_id of the group or cluster it belongs to
    "size_gib": pl.Float64(),
    "tags": pl.String(),  # JSON object of strings
    "config": pl.String(),  # JSON object, what only this kind has
}
"""One row per resource that exists now."""

METRIC_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "account": pl.String(),
    "region": pl.String(),
    "resource_id": pl.String(),
    "metric": pl.String(),  # cpu_percent, memory_percent, network_bytes_s, disk_ops_s
    "hour": pl.Datetime("us"),  # UTC start of the hour
    "avg": pl.Float64(),
    "max": pl.Float64(),
    "p95": pl.Float64(),
    "p99": pl.Float64(),
    "samples": pl.Int32(),
}
"""One row per resource, metric and hour that was measured; an hour without samples has no row."""

WANTED_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "account": pl.String(),
    "region": pl.String(),
    "resource_id": pl.String(),
    "kind": pl.String(),
    "sku": pl.String(),
    "since": pl.Datetime("us"),  # UTC; the first hour that is missing
    "config": pl.String(),  # as in RESOURCE_SCHEMA
}
"""One row per resource whose measurements are wanted."""

OFFER_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "instance_type": pl.String(),
    "family": pl.String(),
    "vcpus": pl.Float64(),
    "memory_gib": pl.Float64(),
    "arch": pl.String(),  # x86_64, arm64
    "burstable": pl.Boolean(),
    "gpu_count": pl.Float64(),
    "local_storage_gb": pl.Float64(),
    "network_gbps": pl.Float64(),  # baseline; null = unknown
    "current_generation": pl.Boolean(),
    "source": pl.String(),
    "cpu_vendor": pl.String(),  # intel, amd, aws, apple
    "clock_ghz": pl.Float64(),  # sustained
    "gpu_model": pl.String(),  # lower case
    "gpu_memory_gib": pl.Float64(),  # of all GPUs together
    "accelerator_count": pl.Float64(),  # chips for inference, training or FPGA that are no GPU
    "network_peak_gbps": pl.Float64(),
    "network_interfaces": pl.Float64(),
    "ebs_mbps": pl.Float64(),  # baseline to network disks, Mbit/s
    "ebs_iops": pl.Float64(),  # baseline
    "bare_metal": pl.Boolean(),
    "features": pl.List(pl.String()),  # ena, nvme, hibernation, hypervisor:nitro, ...
}
"""One row per cloud and instance type; null = unknown."""

PRICE_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "region": pl.String(),
    "instance_type": pl.String(),
    "os": pl.String(),  # linux, windows
    "price_type": pl.String(),  # on_demand, spot, spot_est, cud_1y, sp_1y, sp_instance_3y, ...
    "currency": pl.String(),
    "price_hour": pl.Decimal(18, 9),
    "as_of": pl.Date(),
    "source": pl.String(),
    "quality": pl.String(),
}
"""One row per cloud, region, instance type, os, price type and currency."""

COMMITMENT_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "account": pl.String(),
    "commitment_id": pl.String(),
    "kind": pl.String(),  # savings_plan, reservation, committed_use
    "region": pl.String(),
    "covers": pl.String(),  # instance type or family; null = any compute
    "quantity": pl.Float64(),
    "hourly_cost": pl.Decimal(18, 9),
    "currency": pl.String(),
    "starts_at": pl.Datetime("us"),
    "ends_at": pl.Datetime("us"),
}
"""One row per commitment that is or was owned."""

INVOICE_SCHEMA: Mapping[str, pl.DataType] = {
    "cloud": pl.String(),
    "billing_account": pl.String(),
    "invoice_id": pl.String(),
    "period": pl.Date(),  # first day of the billing month
    "currency": pl.String(),
    "amount": pl.Decimal(38, 18),  # what is to be paid: charges, credits and taxes
    "issued_at": pl.Datetime("us"),
}
"""One row per invoice the provider has issued."""


@dataclass(frozen=True)
class Resource:
    """The address of one resource: enough to find it again on its cloud."""

    cloud: str
    account: str
    region: str
    resource_id: str
    kind: str


@dataclass(frozen=True)
class Observation:
    """How a resource looks right now; two equal fingerprints mean nothing relevant has changed."""

    state: str
    sku: str | None = None
    attached_to: str | None = None
    size_gib: float | None = None
    schedule: str | None = None
    backup: str | None = None  # id of the newest snapshot made by us
    details: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def exists(self) -> bool:
        """False once the resource is gone."""
        return self.state != ABSENT

    def fingerprint(self) -> str:
        """Hex digest of everything above except `backup`, which our own gate changes."""
        looks = {key: value for key, value in asdict(self).items() if key != "backup"}
        return sha256(dumps(looks, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """One step on one resource, as approved.

    `before` and `after` are what the verb alters (the sku of a resize, the state of a stop) in the
    cloud's own words; `observed` is the whole look of the resource when the plan was made.
    """

    change_id: str
    resource: Resource
    verb: Verb
    before: str
    after: str
    observed: Observation
    risk: Risk
    way_back: Verb | None  # None: it can't be put back
    currency: str | None = None
    saving_month_low: Decimal | None = None
    saving_month_high: Decimal | None = None
    permissions: tuple[str, ...] = ()
    backup: str | None = None  # `restore` only: the snapshot to restore from


class ResourceKind(Protocol):
    """How to look at and change one kind of resource on one cloud."""

    verbs: tuple[Verb, ...]

    def observe(self, resource: Resource) -> Observation:
        """How it looks now; state `absent` if it is gone. Raises `CloudError` if unreadable."""
        ...

    def apply(self, change: Change) -> str | None:
        """Make the change; safe to call twice with the same `change_id`.

        Returns the id of what the change made (the snapshot before a delete), if anything.
        """
        ...

    def permissions(self, verb: Verb) -> tuple[str, ...]:
        """The cloud permissions the verb needs, in the cloud's own names."""
        ...


@dataclass(frozen=True)
class Failure:
    """A part of an account that could not be read, and why; empty = all of it."""

    account: str
    region: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """Rows of the parts in `read`, in the columns that the reader states.

    A resource that is missing is gone only if its scope is in `read` and its kind did not fail.
    """

    rows: pl.DataFrame
    read: Sequence[tuple[str, str, str]] = ()  # cloud, account, region; empty = all regions
    failed: Sequence[Failure] = ()


@dataclass(frozen=True)
class Exports:
    """Files and folders with bills, for the ordinary ingestion, and what could not be fetched."""

    paths: Sequence[Path]
    failed: Sequence[Failure] = ()


@dataclass(frozen=True)
class Finding:
    """What `doctor` learns about one account and ability: `fix` is what to do if it is not ok."""

    account: str
    ability: str  # credentials, bills, inventory, metrics, prices, commitments, invoices
    ok: bool
    detail: str
    fix: str | None = None


class Cloud(Protocol):
    """One connected source: a cloud with its accounts, or the simulated estate.

    A reader goes on where one account, region or kind fails, and says so in `failed`; it raises
    `CloudError` only if nothing at all could be read.
    """

    name: str
    kinds: Mapping[tuple[str, str], ResourceKind]  # (cloud, kind) -> what we can change there
    cannot: Mapping[str, str]  # ability -> why this cloud does not offer it

    def now(self) -> datetime:
        """The cloud's clock, UTC: real time for real clouds, the simulated one for the demo."""
        ...

    def examine(self) -> Iterator[Finding]:
        """Who we are in each account, and whether we may read what we should."""
        ...

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """Bring what is new into `folder`, which is kept between calls; say what to ingest.

        A closed month is new as long as the provider corrects it. The billing months in `anew`
        (their first days) are read again even if they look unchanged.
        """
        ...

    def inventory(self) -> Reading:
        """Everything that exists now, in the columns of `RESOURCE_SCHEMA`."""
        ...

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements of the resources of `wanted` (`WANTED_SCHEMA`) before `until`.

        In chunks with the columns of `METRIC_SCHEMA`; each resource from its own `since` on.
        """
        ...

    def offers(self) -> pl.DataFrame:
        """What could be rented, in the columns of `OFFER_SCHEMA`."""
        ...

    def prices(self) -> pl.DataFrame:
        """List prices, in the columns of `PRICE_SCHEMA`."""
        ...

    def commitments(self) -> Reading:
        """What has been committed to, in the columns of `COMMITMENT_SCHEMA`."""
        ...

    def invoices(self) -> Reading:
        """Issued invoices, in the columns of `INVOICE_SCHEMA`."""
        ...
