"""The resources of the company: what exists, since when, how it looks and how hard it works."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from clouds.demo import identity
from clouds.demo.identity import json_object
from clouds.demo.menu import menu

SHARES = {  # of all resources; snapshots are what is left
    "instance": 0.27, "data_disk": 0.10, "address": 0.05, "database": 0.045, "load_balancer": 0.03,
    "bucket": 0.05, "nat_gateway": 0.012, "log_group": 0.05, "function": 0.05, "cluster": 0.006,
    "image": 0.015,
}  # fmt: skip
OFFERED = {  # kinds that not every cloud has
    "address": ("aws", "azure", "gcp", "digitalocean"),
    "database": ("aws", "azure", "gcp", "digitalocean"),
    "load_balancer": ("aws", "azure", "gcp", "digitalocean"),
    "bucket": ("aws", "azure", "gcp", "digitalocean"),
    "nat_gateway": ("aws", "azure", "gcp"),
    "log_group": ("aws", "azure", "gcp"),
    "function": ("aws", "azure", "gcp"),
    "cluster": ("aws", "azure", "gcp", "digitalocean"),
    "image": ("aws", "azure", "gcp"),
    "ml_endpoint": ("aws", "gcp"),
    "saas": ("aws", "azure"),
}
HIDDEN_KINDS = ("ml_endpoint", "saas")  # billed, but not in anybody's inventory
OLD = timedelta(days=420)
DISK_SKUS = {"aws": "gp3", "azure": "StandardSSD_LRS", "gcp": "pd-balanced",
             "digitalocean": "volume", "onprem": "san-ssd"}  # fmt: skip
SKUS = {  # of kinds that come in one sort, in the words of the cloud's own API
    ("aws", "cluster"): "eks", ("aws", "load_balancer"): "application",
    ("azure", "bucket"): "Standard_LRS", ("azure", "log_group"): "pergb2018",
    ("gcp", "load_balancer"): "application", ("digitalocean", "load_balancer"): "application",
}  # fmt: skip
ZONAL = ("instance", "disk", "database")  # the others belong to a region
DATABASE_CLASSES = {  # class, vCPUs, memory in GiB
    "aws": (("db.t3.medium", 2, 4), ("db.m5.large", 2, 8), ("db.m5.xlarge", 4, 16),
            ("db.r5.large", 2, 16), ("db.r5.xlarge", 4, 32)),
    "azure": (("GP_Gen5_2", 2, 10.4), ("GP_Gen5_4", 4, 20.8), ("GP_Gen5_8", 8, 41.6)),
    "gcp": (("db-custom-2-8192", 2, 8), ("db-custom-4-16384", 4, 16),
            ("db-custom-8-32768", 8, 32)),
    "digitalocean": (("db-s-1vcpu-2gb", 1, 2), ("db-s-2vcpu-4gb", 2, 4),
                     ("db-s-4vcpu-8gb", 4, 8)),
}  # fmt: skip
COLUMNS: dict[str, Any] = {  # what a kind does not mention
    "config": "{}", "sku": None, "before_sku": None, "resized_at": None,
    "state": "active", "before_state": None,
    "since": None, "deleted_at": None, "attached_to": None, "size_gib": None, "units": 1.0,
    "usage": 0.0, "growth": 0.0, "commitment_id": None, "demand_vcpus": 0.0, "base_cpu": 0.0,
    "vcpus": None, "memory_gib": None, "memory_used_gib": None, "net_peak": 0.0, "net_base": 0.0,
    "ops_peak": 0.0, "ops_base": 0.0, "connections": 0.0, "plant": None,
    "saving_share": None, "saving_meter": None,
}  # fmt: skip


@dataclass
class Maker:
    """Draws resources of one kind at random places; every draw comes from one generator."""

    rng: np.random.Generator
    workloads: pl.DataFrame
    as_of: datetime
    made: int = 0

    def place(self, kind: str, count: int) -> pl.DataFrame:
        """Rows with identity, owner, age and tags; `count` of them over the workloads."""
        rng = self.rng
        clouds = OFFERED.get(kind)
        homes = self.workloads
        if clouds:
            homes = homes.filter(pl.col("cloud").is_in(clouds))
        if kind in HIDDEN_KINDS:  # such a service is in use all along, unless it is planted as new
            homes = homes.filter(pl.col("launched_on") < pl.lit(self.as_of - OLD))
        picked = np.sort(rng.integers(0, len(homes), count))
        if kind in HIDDEN_KINDS:  # few, so every cloud gets its turn
            names = sorted(set(homes["cloud"]))
            cloud = homes["cloud"].to_numpy()
            turns = [names[number % len(names)] for number in range(count)]
            picked = np.array([rng.choice(np.flatnonzero(cloud == name)) for name in turns])
        age = rng.uniform(40, 900, count)
        created = pl.lit(self.as_of) - pl.duration(minutes=(pl.col("age") * 24).round() * 60)
        frame = homes[picked].with_columns(
            pl.lit(kind).alias("kind"),
            pl.Series("token", identity.tokens(rng, count)),
            pl.Series("number", np.arange(self.made, self.made + count)),
            pl.Series("age", age),
            pl.Series("zone_letter", np.array(["a", "b", "c"])[rng.integers(0, 3, count)]),
            pl.Series("draw", rng.random(count)),
            pl.Series("draw_tag", rng.random(count)),
            pl.Series("draw_env", rng.random(count)),
        )
        self.made += count
        frame = frame.with_columns(
            pl.lit(self.as_of - OLD).cast(pl.Datetime("us")).alias("created_at")
            if kind in HIDDEN_KINDS
            else pl.max_horizontal("launched_on", created.cast(pl.Datetime("us"))).alias(
                "created_at"
            ),
            pl.when(pl.col("cloud") == "gcp")
            .then(pl.format("{}-{}", "region", "zone_letter"))
            .when(pl.col("cloud") == "aws")
            .then(pl.format("{}{}", "region", "zone_letter"))
            .alias("zone"),
        )
        return identity.with_identity(frame, kind).with_columns(
            tags(frame).alias("tags"), pl.lit("{}").alias("config")
        )


def tags(frame: pl.DataFrame) -> pl.Series:
    """Team and environment with the gaps that real companies have; on-premises has none."""
    team = pl.when(pl.col("draw_tag") < 0.87).then(pl.col("team"))
    env = pl.when(pl.col("draw_env") < 0.92).then(pl.col("env"))
    app = pl.when(pl.col("draw_tag") < 0.70).then(pl.col("app"))
    return frame.select(json_object({"team": team, "env": env, "app": app}).alias("tags"))["tags"]


def retag(extra: str) -> pl.Expr:
    """The tags with one more entry, given as the inside of a JSON object."""
    inner = pl.col("tags").str.strip_chars("{}")
    comma = pl.when(inner.str.len_chars() > 0).then(pl.lit(",")).otherwise(pl.lit(""))
    return pl.concat_str([pl.lit("{"), inner, comma, pl.lit(extra + "}")])


def instances(maker: Maker, count: int) -> pl.DataFrame:
    """Virtual machines with a type from the menu of their region and their demand for it."""
    rng = maker.rng
    frame = maker.place("instance", count)
    choices = menu()
    parts: list[pl.DataFrame] = []
    for (cloud, region), group in frame.group_by(["cloud", "region"], maintain_order=True):
        local = choices.filter((pl.col("cloud") == cloud) & (pl.col("region") == region))
        weight = local["weight"].to_numpy()
        picked = rng.choice(len(local), len(group), p=weight / weight.sum())
        parts.append(group.hstack(local[picked].drop("cloud", "region", "currency", "weight")))
    frame = pl.concat(parts)
    peak = rng.uniform(50, 78, count) / 100 / 1.13  # of all vCPUs, as an hourly mean
    memory = rng.uniform(0.5, 0.8, count)
    frame = frame.with_columns(
        pl.lit("running").alias("state"),
        (pl.col("vcpus") * pl.Series(peak)).alias("demand_vcpus"),
        pl.Series("base_cpu", rng.uniform(0.5, 1.8, count)),
        (pl.col("memory_gib") * pl.Series(memory)).alias("memory_used_gib"),
        (pl.col("vcpus") * pl.Series(rng.uniform(4e4, 2e6, count))).alias("net_peak"),
        pl.Series("net_base", rng.uniform(100, 500, count)),
        (pl.col("vcpus") * pl.Series(rng.uniform(10, 120, count))).alias("ops_peak"),
        pl.Series("ops_base", rng.uniform(0.2, 1.0, count)),
        pl.Series("agent", rng.random(count) < 0.8),
        pl.Series("protected", rng.random(count) < 0.06),
        pl.lit(None, dtype=pl.Float64).alias("size_gib"),
    )
    resized = rng.random(count) < 0.05  # some were twice as small until a while ago
    when = pl.lit(maker.as_of) - pl.duration(
        hours=pl.lit(pl.Series(rng.integers(24 * 45, 24 * 300, count)))
    )
    grew = pl.Series(resized) & (when > pl.col("created_at")) & pl.col("down_sku").is_not_null()
    return frame.with_columns(
        pl.when(grew).then(pl.col("down_sku")).alias("before_sku"),
        pl.when(grew).then(when.cast(pl.Datetime("us"))).alias("resized_at"),
    )


def describe_instances(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill the configuration of machines, once everything else about them is settled."""
    protected = pl.col("protected") & (pl.col("cloud") != "onprem")  # libvirt protects nothing
    config = json_object({
        "os": pl.lit("linux"),
        "agent": pl.when(pl.col("agent")).then(pl.lit("yes")).otherwise(pl.lit("no")),
        "termination_protection": pl.when(protected).then(pl.lit("true")),
    })  # fmt: skip
    return frame.with_columns(config.alias("config"))


def boot_disks(maker: Maker, machines: pl.DataFrame) -> pl.DataFrame:
    """The system disk of each machine; a droplet's is part of it."""
    owners = machines.filter(pl.col("cloud") != "digitalocean")
    count = len(owners)
    sizes = maker.rng.choice([30, 50, 80, 100, 128], count, p=[0.35, 0.3, 0.15, 0.12, 0.08])
    frame = _on(maker, owners).with_columns(
        pl.Series("size_gib", sizes.astype(np.float64)),
        _default_sku(),
        _boot("true").alias("config"),
    )
    return frame


def data_disks(maker: Maker, machines: pl.DataFrame, count: int) -> pl.DataFrame:
    """Further disks on machines that are picked at random."""
    rng = maker.rng
    owners = machines.filter(pl.col("deleted_at").is_null())
    picked = owners[np.sort(rng.integers(0, len(owners), count))]
    sizes = rng.choice([100, 200, 250, 500, 1000, 2000], count, p=[0.3, 0.2, 0.2, 0.18, 0.09, 0.03])
    premium = rng.random(count)
    fast = {"aws": "gp3", "azure": "Premium_LRS", "gcp": "pd-ssd"}
    return (
        _on(maker, picked)
        .with_columns(
            pl.Series("size_gib", sizes.astype(np.float64)),
            pl.when(pl.Series(premium) < 0.4)
            .then(pl.col("cloud").replace_strict(fast, default=None))
            .alias("fast"),
            _default_sku(),
            _boot("false").alias("config"),
            pl.Series("ops_peak", rng.uniform(300, 2500, count)),
            pl.Series("ops_base", rng.uniform(5, 30, count)),
        )
        .with_columns(pl.coalesce("fast", "sku").alias("sku"))
        .drop("fast")
    )


def _on(maker: Maker, owners: pl.DataFrame) -> pl.DataFrame:
    rng, count = maker.rng, len(owners)
    frame = owners.select(
        *maker.workloads.columns, "zone", "tags", "created_at", "deleted_at",
        pl.col("resource_id").alias("attached_to"), "draw",
    ).with_columns(
        pl.lit("disk").alias("kind"),
        pl.Series("token", identity.tokens(rng, count)),
        pl.Series("number", np.arange(maker.made, maker.made + count)),
        pl.lit("in_use").alias("state"),
    )  # fmt: skip
    maker.made += count
    return identity.with_identity(frame, "disk")


def _default_sku() -> pl.Expr:
    return pl.col("cloud").replace_strict(DISK_SKUS).alias("sku")


def _boot(flag: str) -> pl.Expr:
    return json_object({"boot": pl.lit(flag)})


def snapshots(maker: Maker, disks: pl.DataFrame, count: int) -> pl.DataFrame:
    """Restore points of disks, younger than ninety days."""
    rng = maker.rng
    large = (pl.col("size_gib") >= 100) | (pl.col("cloud") == "onprem")
    sources = disks.filter(pl.col("deleted_at").is_null() & large)
    cloud = sources["cloud"].to_numpy()
    each = [rng.choice(np.flatnonzero(cloud == name)) for name in sorted(set(cloud))]
    more = rng.choice(len(sources), min(len(sources), count // 5), replace=False)
    protected = np.unique(np.concatenate([np.array(each), more]))
    first = np.repeat(np.array(each), 2)  # every cloud has some, with an older one among them
    rest = rng.choice(protected, max(0, count - len(first)))
    picked = sources[np.sort(np.concatenate([first, rest]))]
    count = len(picked)
    hours = rng.integers(24, 24 * 80, count)
    created = pl.lit(maker.as_of) - pl.duration(hours=pl.lit(pl.Series(hours)))
    filled = pl.Series(rng.uniform(0.3, 0.9, count))
    return (
        _on(maker, picked.with_columns(pl.col("resource_id").alias("source_id")))
        .with_columns(picked["resource_id"].alias("source_id"), picked["created_at"].alias("from"))
        .with_columns(picked["size_gib"].alias("source_size"))
        .with_columns(created.cast(pl.Datetime("us")).alias("drawn"))
        .with_columns(
            pl.lit("snapshot").alias("kind"),
            pl.lit("completed").alias("state"),
            pl.lit(None, dtype=pl.String).alias("attached_to"),
            pl.max_horizontal("drawn", pl.col("from") + timedelta(hours=1)).alias("created_at"),
            (pl.col("source_size") * filled).round(1).alias("size_gib"),
            pl.when(pl.col("cloud") == "azure").then(pl.lit("Standard_LRS"))
            .otherwise(pl.lit("standard")).alias("sku"),
            json_object({"source": pl.col("source_id")}).alias("config"),
        )
        .pipe(identity.with_identity, "snapshot")
    )  # fmt: skip


def addresses(maker: Maker, machines: pl.DataFrame, count: int) -> pl.DataFrame:
    """Public addresses, each on a machine of a cloud that rents them out."""
    owners = machines.filter(
        pl.col("deleted_at").is_null() & pl.col("cloud").is_in(OFFERED["address"])
    )
    picked = owners[np.sort(maker.rng.choice(len(owners), min(count, len(owners)), replace=False))]
    return identity.with_identity(
        _on(maker, picked).with_columns(
            pl.lit("address").alias("kind"), pl.lit("static").alias("sku")
        ),
        "address",
    )


def databases(maker: Maker, count: int) -> pl.DataFrame:
    """Managed databases; load follows their workload."""
    rng = maker.rng
    frame = maker.place("database", count)
    drawn = rng.random(count) ** 1.6  # smaller classes are more common
    rows = [
        DATABASE_CLASSES[cloud][int(share * len(DATABASE_CLASSES[cloud]))]
        for cloud, share in zip(frame["cloud"], drawn, strict=True)
    ]
    vcpus = np.array([row[1] for row in rows], dtype=np.float64)
    memory = np.array([row[2] for row in rows], dtype=np.float64)
    doubled = rng.random(count) < np.where(frame["env"].to_numpy() == "prod", 0.6, 0.0)
    return frame.with_columns(
        pl.Series("sku", [row[0] for row in rows]),
        pl.lit("available").alias("state"),
        pl.Series("vcpus", vcpus),
        pl.Series("memory_gib", memory),
        pl.Series("demand_vcpus", vcpus * rng.uniform(0.45, 0.7, count)),
        pl.Series("base_cpu", rng.uniform(1.0, 2.5, count)),
        pl.Series("memory_used_gib", memory * rng.uniform(0.5, 0.8, count)),
        pl.Series("connections", np.round(rng.uniform(15, 300, count))),
        pl.Series("ops_peak", rng.uniform(80, 1500, count)),
        pl.Series("ops_base", rng.uniform(0.5, 3, count)),
        pl.Series("size_gib", rng.choice([50.0, 100.0, 200.0, 500.0], count)),
        pl.Series("units", np.where(doubled, 2.0, 1.0)),
        pl.Series("agent", np.full(count, True)),
        pl.Series("engine", rng.choice(["postgres", "mysql"], count)),
    ).with_columns(
        pl.when(pl.col("cloud") == "azure")  # whose classes here are those of SQL Database
        .then(pl.lit("mssql"))
        .otherwise("engine")
        .alias("engine")
    )


def simple(maker: Maker, kind: str, count: int) -> pl.DataFrame:
    """Kinds that are billed by time, by stored size and by use of their workload."""
    rng = maker.rng
    frame = maker.place(kind, count)
    usage = {
        "load_balancer": (12, 120), "nat_gateway": (60, 900), "bucket": (2, 90),
        "log_group": (0.5, 12), "function": (20, 300), "ml_endpoint": (12, 30),
        "saas": (10, 45),
    }.get(kind)  # fmt: skip
    size = {"bucket": (40, 9000), "log_group": (20, 900), "image": (10, 80)}.get(kind)
    used = _log_uniform(rng, usage, count) if usage else np.zeros(count)
    columns = [pl.Series("usage", used)]
    if size:
        columns.append(pl.Series("size_gib", np.round(_log_uniform(rng, size, count), 1)))
    if kind == "bucket":
        columns.append(pl.Series("growth", np.round(rng.uniform(0.05, 0.6, count), 3)))
    if kind in ("load_balancer", "nat_gateway"):  # a byte rate that matches the billed volume
        columns.append(pl.Series("net_peak", used * 2**30 / 86400))
    return frame.with_columns(*columns, _sku(kind).alias("sku"))


def _sku(kind: str) -> pl.Expr:
    own = {cloud: sku for (cloud, name), sku in SKUS.items() if name == kind}
    return pl.col("cloud").replace_strict(own, default="standard", return_dtype=pl.String)


def _log_uniform(
    rng: np.random.Generator, span: tuple[float, float], count: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.exp(rng.uniform(np.log(span[0]), np.log(span[1]), count))


def complete(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of a resource, in one order and type."""
    texts = ("config", "sku", "before_sku", "state", "before_state", "attached_to",
             "commitment_id", "plant", "saving_meter")  # fmt: skip
    times = ("since", "resized_at", "deleted_at", "created_at")
    missing = [
        pl.lit(value).alias(name) for name, value in COLUMNS.items() if name not in frame.columns
    ]
    whole = frame.with_columns(missing)
    identity_columns = ["resource_id", "account_index", "workload", "zone", "kind", "name",
                        "created_at", "tags", "agent"]  # fmt: skip
    if "agent" not in whole.columns:
        whole = whole.with_columns(pl.lit(False).alias("agent"))
    return whole.select(*identity_columns, *COLUMNS).with_columns(
        [pl.when(pl.col("kind").is_in(ZONAL)).then("zone").alias("zone")]
        + [pl.col(name).cast(pl.String) for name in texts]
        + [pl.col(name).cast(pl.Datetime("us")).dt.truncate("1h") for name in times]
        + [
            pl.col(name).cast(pl.Float64)
            for name in COLUMNS
            if name not in texts and name not in times
        ]
    )
