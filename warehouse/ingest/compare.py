"""What bills have in common with each other and with what is loaded, counted by charges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from duckdb import DuckDBPyConnection

from warehouse.ingest.records import Bill, Unit

CHARGE = (
    "BilledCost", "EffectiveCost", "ChargePeriodStart", "ChargePeriodEnd", "ProviderName",
    "SubAccountId", "ChargeCategory", "ServiceName", "ResourceId", "SkuId", "ChargeDescription",
    "ConsumedQuantity", "PricingQuantity",
)  # fmt: skip
"""What names a charge; the other columns may be filled in or corrected later."""
WHAT = (
    "ChargePeriodStart", "ChargeCategory", "ProviderName", "SubAccountId", "ServiceName",
    "ResourceId", "SkuId", "ChargeDescription",
)  # fmt: skip
"""What was charged for; how much may be corrected later."""
COSTS = ("BilledCost", "EffectiveCost")
RESTATED = 0.9  # of the smaller file's rows: versions name the same charges, whatever they cost
SHARED = 0.5  # of the smaller file's rows: more in common than this makes two files versions


def shared_rows(
    connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill], rows: Mapping[str, int]
) -> list[tuple[Bill, Bill, int]]:
    """Pairs of files and how many charges they share: by a few columns first, then by `CHARGE`.

    Not by whole lines: a final export fills in the invoice id that the preliminary one lacks.
    """
    common = set.intersection(*(_columns(connection, bill) for bill in bills))
    few = "hash(BilledCost, EffectiveCost, ChargePeriodStart, ProviderName)"
    pairs = _count_shared(connection, unit, bills, few)
    if any(shared > SHARED * min(rows[a.shown], rows[b.shown]) for a, b, shared in pairs):
        key = ", ".join(column for column in CHARGE if column in common)
        return _count_shared(connection, unit, bills, f"hash({key})")
    return _restated(connection, unit, bills, rows, common)


def _restated(
    connection: DuckDBPyConnection,
    unit: Unit,
    bills: Sequence[Bill],
    rows: Mapping[str, int],
    columns: set[str],
) -> list[tuple[Bill, Bill, int]]:
    """Pairs that name the same charges at other costs, where charges can be told apart."""
    names = [column for column in CHARGE if column in columns and column not in COSTS]
    key = f"hash({', '.join(names)})"
    if not {"ResourceId", "SkuId"} & set(names):
        return []
    pairs = [
        (one, other, shared)
        for one, other, shared in _count_shared(connection, unit, bills, key)
        if shared >= RESTATED * min(rows[one.shown], rows[other.shown])
    ]
    paired = {bill.shown: bill for one, other, _ in pairs for bill in (one, other)}
    vague = {
        shown
        for shown, bill in paired.items()
        if _distinct(connection, unit, bill, key) < RESTATED * rows[shown]
    }
    return [pair for pair in pairs if not vague & {pair[0].shown, pair[1].shown}]


def _distinct(connection: DuckDBPyConnection, unit: Unit, bill: Bill, key: str) -> int:
    row = connection.execute(
        f"select count(distinct {key}) from ({bill.select}) as line"
        " where BillingAccountId = $account and cast(BillingPeriodStart as date) = $period",
        {"account": unit.billing_account, "period": unit.period},
    ).fetchone()
    assert row is not None
    return row[0]


@dataclass(frozen=True)
class Common:
    """What bills share with what is loaded from one file."""

    file: str
    days: int
    lost_days: int  # that are loaded, and that the bills have not
    charges: int
    loaded: int


def common_charges(
    connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill], loaded: Sequence[str]
) -> list[Common]:
    """What the bills share with the charges of the unit, for each loaded file.

    What something cost may be corrected; what it was, where and when, is not. Charges that look
    alike are counted as often as they are there.
    """
    connection.execute((files("warehouse.ingest") / "macros.sql").read_text())
    names = set.intersection(*(_columns(connection, bill) for bill in bills))
    fields = [f"{name} := lower(cast({name} as varchar))" for name in WHAT if name in names]
    what = (
        "coalesce(cast(ChargePeriodStart as date), $period) as day,"
        f" hash(struct_pack({', '.join(fields)})) as charge"
    )
    place = "BillingAccountId = $account and cast(BillingPeriodStart as date) = $period"
    given = " union all ".join(
        f"select {what} from ({bill.select}) as line where {place}" for bill in bills
    )
    rows = connection.execute(
        "with given as materialized (select day, charge, count(*) as lines"
        f" from ({given}) group by all),"
        f" loaded as (select x_file, day, charge, count(*) as lines from (select x_file, {what}"
        f" from raw.focus where x_source = $feed and {place} and list_contains($loaded, x_file))"
        " group by all),"
        " days as (select distinct day, true as common from given),"
        " charges as (select charge, sum(lines) as lines from given group by charge)"
        " select x_file, count(distinct loaded.day) filter (days.common),"
        " count(distinct loaded.day) filter (days.common is null),"
        " cast(sum(least(loaded.lines, coalesce(charges.lines, 0))) as bigint),"
        " cast(sum(loaded.lines) as bigint)"
        " from loaded left join days using (day) left join charges using (charge)"
        " group by x_file order by x_file",
        {
            "account": unit.billing_account,
            "period": unit.period,
            "feed": unit.feed,
            "loaded": list(loaded),
        },
    ).fetchall()
    return [Common(*row) for row in rows]


def _columns(connection: DuckDBPyConnection, bill: Bill) -> set[str]:
    described = connection.execute(f"describe select * from ({bill.select})").fetchall()
    return {row[0] for row in described}


def _count_shared(
    connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill], key: str
) -> list[tuple[Bill, Bill, int]]:
    hashed = " union all ".join(
        f"select {position} as bill, {key} as key from ({bill.select}) as line"
        " where BillingAccountId = $account and cast(BillingPeriodStart as date) = $period"
        for position, bill in enumerate(bills)
    )
    rows = connection.execute(
        f"with hashed as ({hashed}), counted as (select bill, key, count(*) as rows from hashed"
        " group by all) select one.bill, other.bill, sum(least(one.rows, other.rows))"
        " from counted as one join counted as other using (key) where one.bill < other.bill"
        " group by all",
        {"account": unit.billing_account, "period": unit.period},
    ).fetchall()
    return [(bills[one], bills[other], int(shared)) for one, other, shared in rows]
