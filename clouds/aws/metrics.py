"""Hourly measurements from CloudWatch, up to 500 series in one call."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any

import polars as pl

from clouds.aws.access import Account
from clouds.aws.place import utc
from clouds.aws.series import (
    COUNTER,
    FREE,
    GAUGE,
    PERCENTILES,
    SENT,
    SERIES,
    Form,
    Sent,
    Series,
)
from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.errors import CloudError, Forbidden, NotOffered, Throttled, Unauthorized
from clouds.offers import offers
from clouds.sweep import Part, frame, sweep_in_chunks

QUERIES = 500  # in one call of GetMetricData
HOUR = 3600  # seconds
FINE, COARSE = 60, 300  # seconds between two samples with detailed and with basic monitoring
COARSE_SAMPLES = HOUR // COARSE
MOST_SAMPLES = 2**31 - 1  # a busy function has one for each call
NO_PERCENTILES = ("InvalidParameter", "ValidationError", "Internal Server Error")  # the last: moto
GIB = 2**30  # bytes
Agent = tuple[str, tuple[tuple[str, str], ...]]  # name and dimensions of a metric
LONG = {"query": pl.Int32(), "hour": pl.Datetime("us"), "value": pl.Float64()}


@dataclass(frozen=True)
class Query:
    """One statistic of one CloudWatch metric of one resource."""

    resource_id: str
    since: datetime
    metric: str
    form: Form
    namespace: str
    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]
    whole: float | None = None  # bytes of which the metric says how many are free


@dataclass
class Region:
    """What is learnt about one region while it is read; shared by its batches."""

    account: Account
    region: str
    offers_percentiles: bool = True
    _memory: dict[str, dict[str, Agent]] = field(default_factory=dict[str, dict[str, Agent]])
    _lock: Lock = field(default_factory=Lock, repr=False)

    def agents(self, kind: str) -> Mapping[str, Agent]:
        """The memory series that a kind sends, by the end of the resource's id; asked for once."""
        with self._lock:
            if kind not in self._memory:
                sent = SENT[kind]
                pages = fetch_agents(self.account, self.region, sent)
                self._memory[kind] = parse_agents(pages, sent.dimension)
            return self._memory[kind]


def metrics(
    accounts: Sequence[Account], wanted: pl.DataFrame, until: datetime
) -> Iterator[Reading]:
    """Measurements of the kinds in `SERIES`; others have none here."""
    by_id = {account.id: account for account in accounts}
    asked = wanted.filter(pl.col("kind").is_in(list(SERIES)), pl.col("account").is_in(list(by_id)))
    parts: list[Part] = []
    for (account, region), here in asked.group_by("account", "region", maintain_order=True):
        place = Region(by_id[str(account)], str(region))
        for (kind,), rows in here.group_by("kind", maintain_order=True):
            parts += _parts(place, str(kind), rows.sort("since"), until)
    return sweep_in_chunks(parts, METRIC_SCHEMA)


def fetch_agents(account: Account, region: str, sent: Sent) -> Iterator[Mapping[str, Any]]:
    """Pages of the memory metrics that CloudWatch agents and Lambda Insights send."""
    for name in sent.names:
        yield from account.pages(
            "cloudwatch", "list_metrics", region, Namespace=sent.namespace, MetricName=name
        )


def parse_agents(pages: Iterator[Mapping[str, Any]], dimension: str) -> dict[str, Agent]:
    """Name and dimensions of each resource's memory metric: of several the one with fewest."""
    found: dict[str, Agent] = {}
    for page in pages:
        for metric in page.get("Metrics", ()):
            pairs = tuple((each["Name"], each["Value"]) for each in metric["Dimensions"])
            resource = dict(pairs).get(dimension)
            if resource and (resource not in found or len(pairs) < len(found[resource][1])):
                found[resource] = (metric["MetricName"], pairs)
    return found


def fetch_data(
    place: Region, queries: Sequence[Query], since: datetime, until: datetime
) -> Iterator[Mapping[str, Any]]:
    """Pages of results; the id of each is q and the number of its query."""
    return place.account.pages(
        "cloudwatch", "get_metric_data", place.region, StartTime=since, EndTime=until,
        MetricDataQueries=[
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": query.namespace, "MetricName": query.name,
                        "Dimensions": [{"Name": n, "Value": v} for n, v in query.dimensions],
                    },
                    "Period": HOUR, "Stat": query.statistic,
                },
            }
            for number, query in enumerate(queries)
        ],
    )  # fmt: skip


def parse_data(page: Mapping[str, Any]) -> pl.DataFrame:
    """One row per query and hour with a value."""
    query: list[int] = []
    hour: list[datetime | None] = []
    value: list[float] = []
    for result in page.get("MetricDataResults", ()):
        values = result.get("Values", ())
        query += [int(result["Id"][1:])] * len(values)
        hour += [utc(moment) for moment in result.get("Timestamps", ())]
        value += values
    return pl.DataFrame({"query": query, "hour": hour, "value": value}, schema=LONG)


def _parts(place: Region, kind: str, rows: pl.DataFrame, until: datetime) -> list[Part]:
    """Batches of resources that fit into one call, those measured until the same hour together."""
    size = _batch(kind)

    def part(batch: pl.DataFrame) -> Part:
        return Part(
            "aws", place.account.id, place.region, kind, lambda: _read(place, kind, batch, until)
        )

    return [part(rows[start : start + size]) for start in range(0, rows.height, size)]


def _batch(kind: str) -> int:
    """How many resources of a kind fit into one call."""
    queries = sum(len(series.names) * len(series.statistics) for series in SERIES[kind])
    return QUERIES // (queries + (len(GAUGE + PERCENTILES) if kind in SENT else 0))


def _read(place: Region, kind: str, batch: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """One batch; without percentiles where the region refuses them."""
    queries = [query for row in batch.iter_rows(named=True) for query in _queries(place, kind, row)]
    if not queries:
        return frame(METRIC_SCHEMA)
    since = min(query.since for query in queries)
    if place.offers_percentiles:
        try:
            return _measured(place, queries, since, until)
        except (Forbidden, Throttled, Unauthorized):
            raise
        except CloudError as error:
            if not _is_about_percentiles(error):
                raise
            place.offers_percentiles = False
    plain = [query for query in queries if query.statistic not in PERCENTILES]
    return _measured(place, plain, since, until)


def _is_about_percentiles(error: CloudError) -> bool:
    """Whether the call was refused for what it asks, not for want of rights or time."""
    return isinstance(error, NotOffered) or any(word in str(error) for word in NO_PERCENTILES)


def _queries(place: Region, kind: str, resource: Mapping[str, Any]) -> Iterator[Query]:
    """All statistics of one resource, a row of `WANTED_SCHEMA`."""
    resource_id, since = resource["resource_id"], resource["since"]
    config = json.loads(resource.get("config") or "{}")
    for series in SERIES[kind]:
        dimensions = _dimensions(series, resource_id, config)
        whole = _memory_bytes(resource["sku"]) if series.form == "free" else None
        if dimensions is None or (series.form == "free" and whole is None):
            continue
        for metric in series.names:
            for statistic in series.statistics:
                yield Query(
                    resource_id, since, series.metric, series.form, series.namespace, metric,
                    statistic, dimensions, whole,
                )  # fmt: skip
    name = resource_id.rsplit(":", 1)[-1]
    if kind in SENT and (agent := place.agents(kind).get(name)):
        for statistic in GAUGE + PERCENTILES:
            yield Query(
                resource_id, since, "memory_percent", "gauge", SENT[kind].namespace, agent[0],
                statistic, agent[1],
            )  # fmt: skip


@cache
def _memory() -> Mapping[str, float]:
    aws = offers().filter(pl.col("cloud") == "aws", pl.col("memory_gib").is_not_null())
    return dict(aws.select("instance_type", "memory_gib").iter_rows())


def _memory_bytes(database_class: str | None) -> float | None:
    """What a database class has: as much as the instance type of its name."""
    gib = _memory().get((database_class or "").removeprefix("db."))
    return gib * GIB if gib else None


def _dimensions(
    series: Series, resource_id: str, config: Mapping[str, str]
) -> tuple[tuple[str, str], ...] | None:
    """What tells the resource's metric from others; null if it has none."""
    if series.only and config.get(series.only[0]) not in series.only[1]:
        return None
    if not all(config.get(entry) for entry in series.more.values()):
        return None
    name = resource_id.rsplit(series.after, 1)[-1]  # an ARN ends with what CloudWatch knows
    further = ((dimension, config[entry]) for dimension, entry in series.more.items())
    return ((series.dimension, name), *further)


def _measured(
    place: Region, queries: Sequence[Query], since: datetime, until: datetime
) -> pl.DataFrame:
    found = pl.concat(
        [pl.DataFrame(schema=LONG), *map(parse_data, fetch_data(place, queries, since, until))]
    )
    rows = _hours(found, queries).filter(pl.col("hour") < until)
    here = {"cloud": "aws", "account": place.account.id, "region": place.region}
    return rows.with_columns(pl.lit(value).alias(name) for name, value in here.items())


def _hours(found: pl.DataFrame, queries: Sequence[Query]) -> pl.DataFrame:
    """One row per resource, metric and hour.

    Rates and counts are over the whole hour. The highest of a rate is that of one sample, and where
    it is a sum of two the sum of their highest, which need not have come together; that of a count
    is its mean. Percentiles of a sum are unknown.
    """
    asked = pl.DataFrame(
        [
            (number, q.resource_id, q.since, q.metric, q.form, q.name, q.statistic, q.whole)
            for number, q in enumerate(queries)
        ],
        schema={
            "query": pl.Int32, "resource_id": pl.String, "since": pl.Datetime("us"),
            "metric": pl.String, "form": pl.String, "name": pl.String, "statistic": pl.String,
            "whole": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    names = asked.group_by("resource_id", "metric").agg(pl.col("name").n_unique().alias("names"))
    one = ("resource_id", "metric", "form", "hour")
    by_name = (
        found.join(asked, on="query")
        .filter(pl.col("hour") >= pl.col("since"))
        .group_by(*one, "name")
        .agg(
            *(_statistic(each).alias(each) for each in (*COUNTER, *FREE[:2], *PERCENTILES)),
            pl.col("whole").first(),
        )
    )
    samples = pl.col("SampleCount")
    seconds = pl.when(samples > COARSE_SAMPLES).then(FINE).otherwise(COARSE)
    is_ = {form: pl.col("form") == form for form in ("gauge", "rate", "count", "free")}
    mean = (
        pl.when(is_["gauge"]).then("Average")
        .when(is_["free"]).then(_used("Average"))
        .otherwise(pl.col("Sum") / HOUR)
    )  # fmt: skip
    highest = (
        pl.when(is_["rate"]).then(pl.col("Maximum") / seconds)
        .when(is_["count"]).then(mean)
        .when(is_["free"]).then(_used("Minimum"))
        .otherwise("Maximum")
    )  # fmt: skip
    return (
        by_name.select(
            *one,
            mean.alias("avg"),
            highest.alias("max"),
            *PERCENTILES,
            samples.clip(upper_bound=MOST_SAMPLES).round().cast(pl.Int32).alias("samples"),
        )
        .filter(pl.col("avg").is_not_null() & pl.col("max").is_not_null())
        .group_by(one)
        .agg(
            pl.col("avg").sum(), pl.col("max").sum(),
            *(pl.col(each).first() for each in PERCENTILES),
            pl.col("samples").min(), pl.len().alias("parts"),
        )
        .join(names, on=["resource_id", "metric"])
        .filter(pl.col("parts") == pl.col("names"))  # half of a sum is not known, not zero
        .sort("resource_id", "metric", "hour")
    )  # fmt: skip


def _used(statistic: str) -> pl.Expr:
    return 100 * (1 - pl.col(statistic) / pl.col("whole"))


def _statistic(name: str) -> pl.Expr:
    return pl.col("value").filter(pl.col("statistic") == name).first()
