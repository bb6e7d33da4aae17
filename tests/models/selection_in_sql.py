"""A market of a part of the catalogue with bills and commitments made up, and near misses in SQL.

The SQL is plain and slow: it joins all that there is and looks at each price.
"""

from decimal import Decimal
from functools import cache

import duckdb
import polars as pl
from small_market import IDLE, UNIT_PRICE

from clouds.packaged import packaged
from models.selection.as_sql import judging
from models.selection.constraint import constraints
from models.selection.market import Market, prepare
from models.selection.near_misses import EACH
from models.selection.requirements import Requirements

UNITS = [
    {"cloud": cloud, "region": region, "currency": "USD", "what": what, "price": Decimal(price)}
    for cloud, region, what, price in (
        ("aws", "eu-west-1", "disk_gib_month", "0.088"),
        ("aws", "eu-west-1", "egress_gib", "0.09"),
        ("aws", "us-east-1", "disk_gib_month", "0.08"),
        ("azure", "westeurope", "disk_gib_month", "0.12345"),
        ("gcp", "europe-west1", "egress_gib", "0.1"),
    )
]
OWNED = [
    {"cloud": "aws", "region": "eu-west-1", "covers": "m5.large", "currency": "USD",
     "kind": "reservation", "commitment_id": "half", "idle_share": 0.5, "idle_quantity": 0.5},
    {"cloud": "aws", "region": None, "covers": "c5", "currency": "USD", "kind": "savings_plan",
     "commitment_id": "plan", "idle_share": 0.3, "idle_hour": Decimal("0.2"), "rate_type": "sp_1y"},
    {"cloud": "gcp", "region": "europe-west1", "covers": None, "currency": "USD",
     "kind": "committed_use", "commitment_id": "cud", "idle_share": 1.0, "missing": "not told"},
]  # fmt: skip


PART = "select * from listed where hash(instance_type) % 12 = 0 or instance_type like 'm5.%'"


@cache
def part_of_the_market() -> Market:
    """About 15,000 packaged prices, with disks, egress and commitments in some places."""
    connection = duckdb.connect(config={"threads": 1})
    for name, file in (
        ("offer", "offers"),
        ("listed", "prices"),
        ("interruption", "interruptions"),
        ("round_trip", "round_trips"),
    ):
        connection.read_parquet(str(packaged(f"{file}.parquet"))).create_view(name)
    connection.execute(f"create view price as {PART}")
    for name, file in (("region_fact", "regions"), ("region_carbon", "carbon")):
        connection.read_csv(str(packaged(f"{file}.csv"))).create_view(name)
    for name, rows, schema in (
        ("unit_price", UNITS, UNIT_PRICE), ("idle_commitment", OWNED, IDLE)
    ):  # fmt: skip
        connection.register(f"{name}_rows", pl.DataFrame(rows, schema=dict(schema)))
        connection.execute(f"create table {name} as from {name}_rows")
    prepare(connection)
    return Market(connection)


def near_misses_in_sql(asked: Requirements, best: Decimal | None) -> str:
    """Price, constraint, value and distance of each, the largest saving first."""
    claims = constraints(asked)
    values, distances = (
        " ".join(f"when '{claim.name}' then {sql}" for claim, sql in pairs)
        for pairs in (
            [(claim, f"({claim.value})::varchar") for claim in claims],
            [(claim, claim.distance) for claim in claims],
        )
    )
    return f"""
with judged as ({judging(asked)}
),

missing as (
    select
        judged.* exclude (failed, unknown), failed[1] as name,
        (case failed[1] {values} end)::varchar as value,
        (case failed[1] {distances} end)::double as distance
    from judged
    join priced using (offer_id, place_id, kind_id)
    join kind using (kind_id)
    join offered using (offer_id)
    join (select * exclude (cloud, currency) from place) as place using (place_id)
    where len(failed) = 1 and unknown = [] and total_hour is not null
        {"" if best is None else f"and total_hour < {best}"}
),

cheapest as (
    select * from missing
    qualify row_number() over (
        partition by name, value order by total_hour, offer_id, place_id, kind_id
    ) = 1
),

frontier as (
    select * from cheapest
    qualify distance is null or coalesce(total_hour < min(total_hour) over (
        partition by name order by distance, total_hour, offer_id, place_id, kind_id
        rows between unbounded preceding and 1 preceding
    ), true)
),

nearest as (
    select * from frontier
    qualify row_number() over (
        partition by name order by distance nulls last, total_hour, offer_id, place_id, kind_id
    ) <= {EACH}
)

select price_id, name, value, distance
from nearest
order by total_hour, distance, offer_id, place_id, kind_id"""
