"""Names and ids as each cloud writes them, so that bills and inventory agree to the letter."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

AZURE_TYPES = {
    "instance": "microsoft.compute/virtualmachines", "disk": "microsoft.compute/disks",
    "snapshot": "microsoft.compute/snapshots", "image": "microsoft.compute/images",
    "address": "microsoft.network/publicipaddresses",
    "load_balancer": "microsoft.network/loadbalancers",
    "nat_gateway": "microsoft.network/natgateways", "bucket": "microsoft.storage/storageaccounts",
    "log_group": "microsoft.operationalinsights/workspaces", "function": "microsoft.web/sites",
    "cluster": "microsoft.containerservice/managedclusters",
    "database": "microsoft.sql/servers/acme/databases", "saas": "microsoft.saas/resources",
}  # fmt: skip
GCP_TYPES = {
    "instance": ("compute", "instances"), "disk": ("compute", "disks"),
    "snapshot": ("compute", "snapshots"), "image": ("compute", "images"),
    "address": ("compute", "addresses"), "load_balancer": ("compute", "forwardingRules"),
    "nat_gateway": ("compute", "routers"), "bucket": ("storage", "buckets"),
    "log_group": ("logging", "buckets"), "function": ("run", "services"),
    "cluster": ("container", "clusters"), "database": ("cloudsql", "instances"),
    "ml_endpoint": ("aiplatform", "endpoints"),
}  # fmt: skip
AWS_PREFIXES = {"instance": "i-0", "disk": "vol-0", "snapshot": "snap-0", "image": "ami-0",
                "address": "eipalloc-0", "nat_gateway": "nat-0"}  # fmt: skip
AWS_ARNS = {  # service, resource part before the name
    "database": ("rds", "db:"), "load_balancer": ("elasticloadbalancing", "loadbalancer/app/"),
    "log_group": ("logs", "log-group:/acme/"), "function": ("lambda", "function:"),
    "cluster": ("eks", "cluster/"), "ml_endpoint": ("sagemaker", "endpoint/"),
    "saas": ("aws-marketplace", "agreement/"),
}  # fmt: skip
SHORT = {"instance": "vm", "disk": "disk", "snapshot": "snap", "image": "img", "address": "ip",
         "load_balancer": "lb", "nat_gateway": "nat", "bucket": "data", "log_group": "logs",
         "function": "fn", "cluster": "k8s", "database": "db", "ml_endpoint": "model",
         "saas": "saas"}  # fmt: skip


def tokens(rng: np.random.Generator, count: int, length: int = 16) -> list[str]:
    """Random hexadecimal texts."""
    text = rng.bytes(count * length // 2 + 1).hex()
    return [text[start : start + length] for start in range(0, count * length, length)]


def with_identity(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Add `name` and `resource_id` to rows that have app, token, number, account, region, zone."""
    name = pl.format(f"{{}}-{SHORT[kind]}-{{}}", "app", pl.col("token").str.slice(0, 6))
    named = frame.with_columns(name.alias("name"))
    by_cloud = pl.coalesce(
        pl.when(pl.col("cloud") == cloud).then(_id(cloud, kind))
        for cloud in ("aws", "azure", "gcp", "digitalocean", "onprem")
    )
    has_none = pl.lit(kind == "address") & (pl.col("cloud") == "digitalocean")  # but its address
    return named.with_columns(by_cloud.alias("resource_id")).with_columns(
        pl.when(has_none).then("resource_id").otherwise("name").alias("name")
    )


def _id(cloud: str, kind: str) -> pl.Expr:
    name, token = pl.col("name"), pl.col("token")
    if cloud == "aws" and kind in AWS_PREFIXES:
        return pl.format(f"{AWS_PREFIXES[kind]}{{}}", token)
    if cloud == "aws" and kind == "bucket":
        return name
    if cloud == "aws" and kind in AWS_ARNS:
        service, part = AWS_ARNS[kind]
        return pl.format(f"arn:aws:{service}:{{}}:{{}}:{part}{{}}", "region", "account", name)
    if cloud == "azure" and kind in AZURE_TYPES:
        return pl.format(
            f"/subscriptions/{{}}/resourcegroups/rg-{{}}/providers/{AZURE_TYPES[kind]}/{{}}",
            "account", "app", name,
        )  # fmt: skip
    if cloud == "gcp" and kind in GCP_TYPES:
        service, part = GCP_TYPES[kind]
        place = "zones/{}" if kind in ("instance", "disk") else "regions/{}"
        where = "zone" if kind in ("instance", "disk") else "region"
        return pl.format(
            f"//{service}.googleapis.com/projects/{{}}/{place}/{part}/{{}}", "account", where, name
        )
    if cloud == "digitalocean" and kind == "instance":
        return (400_000_000 + pl.col("number") * 7919).cast(pl.String)
    if cloud == "digitalocean" and kind == "address":
        return pl.format("164.90.{}.{}", pl.col("number") // 250 % 250, pl.col("number") % 250 + 2)
    if cloud == "digitalocean":
        parts = [
            token.str.slice(at, size) for at, size in ((0, 8), (8, 4), (12, 4), (0, 4), (4, 12))
        ]
        return pl.concat_str(parts, separator="-")
    return pl.format(f"{SHORT[kind]}-{{}}", token.str.slice(0, 10))


def new_id(kind: str, owner: Mapping[str, Any], token: str) -> tuple[str, str]:
    """Id and name of something made later, beside the resource whose row is given."""
    made = {"app": owner["name"].rsplit("-", 2)[0], "token": token[:16], "number": 0}
    places = {name: owner[name] for name in ("cloud", "account", "region", "zone")}
    row = with_identity(
        pl.DataFrame([{**made, **places}], schema_overrides={"zone": pl.String}), kind
    )
    return row["resource_id"][0], row["name"][0]


def json_object(pairs: dict[str, pl.Expr]) -> pl.Expr:
    """A JSON object of texts without the keys whose value is null."""
    parts = [pl.format(f'"{key}":"{{}}"', value.cast(pl.String)) for key, value in pairs.items()]
    inner = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.concat_str([pl.lit("{"), inner, pl.lit("}")])
