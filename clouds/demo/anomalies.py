"""Plant cost anomalies: each is a change of quantity, price, discount or tags for some days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from clouds.demo.rates import RATES

EFFECT_SCHEMA = {
    "anomaly": pl.Int64(), "resource_id": pl.String(), "meter": pl.String(),
    "starts_on": pl.Date(), "ends_on": pl.Date(), "ramp_days": pl.Int64(),
    "quantity_factor": pl.Float64(), "price_factor": pl.Float64(),
    "ends_discount": pl.Boolean(), "drops_tags": pl.Boolean(),
}  # fmt: skip
KEY_SCHEMA = {
    "anomaly": pl.Int64(), "cloud": pl.String(), "account": pl.String(), "service": pl.String(),
    "resource_id": pl.String(), "start": pl.Date(), "end": pl.Date(), "kind": pl.String(),
    "currency": pl.String(),
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One anomaly to plant: what it does and where it can happen."""

    kind: str
    clouds: tuple[str, ...]
    resource_kind: str
    service_like: str
    days_ago: int
    days: int | None  # None: it lasts
    quantity: float = 1.0
    ramp_days: int = 0
    price: float = 1.0
    one_resource: bool = False


WANTED = (
    Wanted("spike", ("aws",), "bucket", "AWSDataTransfer", 47, 3, quantity=5.0),
    Wanted("spike", ("gcp",), "function", "Cloud Run Functions", 19, 2, quantity=8.0),
    Wanted("spike", ("azure",), "bucket", "Bandwidth", 88, 2, quantity=6.0),
    Wanted("step", ("aws",), "nat_gateway", "AmazonVPC", 33, None, quantity=3.5),
    Wanted("step", ("gcp",), "bucket", "Networking", 62, None, quantity=2.4),
    Wanted("step", ("azure",), "function", "Azure Functions", 11, None, quantity=4.0),
    Wanted("ramp", ("aws",), "function", "AWSLambda", 40, None, quantity=5.0, ramp_days=24),
    Wanted("ramp", ("azure",), "log_group", "Azure Monitor", 75, None, quantity=3.0, ramp_days=21),
    Wanted("new_service", ("aws",), "ml_endpoint", "AmazonSageMaker", 23, None),
    Wanted("new_service", ("gcp",), "ml_endpoint", "Vertex AI", 54, None),
    Wanted("lost_tag", ("aws",), "instance", "AmazonEC2", 28, None),
    Wanted("price_change", ("azure",), "log_group", "Azure Monitor", 102, None, price=1.6),
    Wanted("price_change", ("aws",), "saas", "MongoDB Atlas (AWS Marketplace)", 66, None,
           price=1.5),
    Wanted("stopped_discount", ("aws",), "database", "AmazonRDS", 37, None),
    Wanted("runaway_logging", ("aws",), "log_group", "AmazonCloudWatch", 15, 9, quantity=14.0,
           one_resource=True),
    Wanted("runaway_logging", ("gcp",), "log_group", "Cloud Logging", 81, 12, quantity=10.0,
           one_resource=True),
)  # fmt: skip


def make(
    resources: pl.DataFrame,
    workloads: pl.DataFrame,
    first_day: datetime,
    as_of: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The effects on single meters, and the answer key without impact."""
    placed = resources.join(
        workloads.select("workload", "cloud", "account", "currency", "feed"), on="workload"
    )
    meters = RATES.select("cloud", "kind", "service", "meter").unique(maintain_order=True)
    effects: list[pl.DataFrame] = []
    key: list[dict[str, object]] = []
    taken: set[tuple[str, str, str]] = set()
    for number, wanted in enumerate(WANTED):
        start = as_of.date() - timedelta(days=wanted.days_ago)
        if start < first_day.date() + timedelta(days=28) and wanted.kind != "new_service":
            continue  # nothing before it to compare with
        hit = (
            placed.filter(
                pl.col("cloud").is_in(wanted.clouds) & (pl.col("kind") == wanted.resource_kind)
                & (pl.col("created_at") < start - timedelta(days=30))
                & pl.col("plant").is_null() & pl.col("deleted_at").is_null()
                & (pl.col("feed") != "aws-cur")  # nobody gives the acquired company a discount
            )
        )  # fmt: skip
        chosen = _where(hit, wanted, taken)
        if chosen is None:
            continue
        taken.add((chosen["cloud"][0], chosen["account"][0], wanted.service_like))
        ends = None if wanted.days is None else start + timedelta(days=wanted.days)
        effects.append(_effects(number, chosen, meters, wanted, start, ends))
        key.append({
            "anomaly": number, "cloud": chosen["cloud"][0], "account": chosen["account"][0],
            "service": wanted.service_like,
            "resource_id": chosen["resource_id"][0] if len(chosen) == 1 else None,
            "start": start, "end": ends, "kind": wanted.kind, "currency": chosen["currency"][0],
        })  # fmt: skip
    empty = pl.DataFrame(schema=EFFECT_SCHEMA)
    whole = pl.concat([empty, *effects]).sort("anomaly", "resource_id", "meter")
    return whole, pl.DataFrame(key, schema=KEY_SCHEMA)


def _where(
    hit: pl.DataFrame, wanted: Wanted, taken: set[tuple[str, str, str]]
) -> pl.DataFrame | None:
    """The resources of one account that it happens to: the one that uses most and is free."""
    accounts = (
        hit.group_by("account")
        .agg((pl.col("usage").sum() + 0.001 * pl.len()).alias("much"))
        .sort("much", "account", descending=[True, False])
    )
    free = [
        name for name in accounts["account"]
        if (wanted.clouds[0], name, wanted.service_like) not in taken
    ]  # fmt: skip
    if not free:
        return None
    here = hit.filter(pl.col("account") == free[0]).sort("resource_id")
    if wanted.one_resource:
        here = here.sort("usage", "resource_id", descending=[True, False]).head(1)
    if wanted.kind == "lost_tag":
        here = here.filter(pl.col("tags").str.contains('"team"'))
    return here if len(here) else None


def _effects(
    number: int, chosen: pl.DataFrame, meters: pl.DataFrame, wanted: Wanted, start: date,
    ends: date | None,
) -> pl.DataFrame:  # fmt: skip
    rows = chosen.select("resource_id", "cloud", "kind").join(meters, on=["cloud", "kind"])
    rows = rows.filter(pl.col("service") == wanted.service_like)
    if wanted.kind == "runaway_logging":
        rows = rows.filter(pl.col("meter") == "ingest")
    values: dict[str, object] = {
        "anomaly": number, "starts_on": start, "ends_on": ends, "ramp_days": wanted.ramp_days,
        "quantity_factor": wanted.quantity, "price_factor": wanted.price,
        "ends_discount": wanted.kind == "stopped_discount",
        "drops_tags": wanted.kind == "lost_tag",
    }  # fmt: skip
    if wanted.kind == "new_service":  # nothing before it starts
        values |= {"starts_on": date(1970, 1, 1), "ends_on": start, "quantity_factor": 0.0}
    return rows.with_columns(pl.lit(value).alias(name) for name, value in values.items()).select(
        pl.col(name).cast(kind) for name, kind in EFFECT_SCHEMA.items()
    )
