"""What bills have in common with each other and with what is loaded, counted by charges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from math import sqrt

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
FEW = 3  # rows: fewer that are alike but for some columns may be chance
MANY = 5  # rows a day: fewer that are alike may be chance where rows repeat within a file, too
PLACE = (
    "plain_account(BillingAccountId) = plain_account($account)"
    " and cast(BillingPeriodStart as date) = $period"
)


@dataclass(frozen=True)
class Repeated:
    """Charges that two files both have, and so would be counted twice."""

    one: Bill
    other: Bill
    rows: int
    of: int  # rows of the smaller file, on these days
    days: tuple[date, date] | None = None  # first and last; None: the whole period

    @property
    def where(self) -> str:
        """The days in words."""
        if self.days is None:
            return ""
        return f" of {' to '.join(dict.fromkeys(f'{day:%Y-%m-%d}' for day in self.days))}"


@dataclass(frozen=True)
class _Tally:
    """What two files have in common by one key."""

    one: int
    other: int
    shared: int  # rows of the whole period
    rows: int  # rows of the days of which they share more than the asked part
    of: int  # rows of the smaller file on those days
    all_days: int  # the same of all days on which they share any
    days: int
    first: date
    last: date
    repeats: int  # rows that repeat another one of the same file
    vague: bool  # whether one of the files has many of those

    def is_no_chance(self, rows: int, of: int, least: int) -> bool:
        """Whether so many rows in common are more than those that are alike within a file explain.

        Rows that come in pairs, cut at random into two files, meet there as often as in one file.
        """
        if rows > self.repeats + 3 * sqrt(self.repeats):
            return rows >= least
        return rows > RESTATED * of and of >= max(MANY * self.days, least)


def repeated(
    connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill], rows: Mapping[str, int]
) -> list[Repeated]:
    """Pairs of files that are no chunks of one bill: versions of it, or windows that overlap.

    Chunks may have charges of the same days, but not the same charges. Whole rows are the best
    evidence, but a final export fills in the invoice id that the preliminary one lacks, and may
    restate what a charge costs; so a day counts as repeated as well if nearly all of its charges
    are there again.
    """
    common = set.intersection(*(_columns(connection, bill) for bill in bills))
    names = [column for column in CHARGE if column in common and column not in COSTS]
    named = _tallies(connection, unit, bills, names, SHARED)  # what is the same row is that, too
    suspects = sorted({position for t in named if t.rows for position in (t.one, t.other)})
    if not suspects:
        return []
    bills = [bills[position] for position in suspects]
    if len({frozenset(bill.source.columns) for bill in bills}) > 1:
        common = common - {"x_extra"}
    found: dict[tuple[int, int], Repeated] = {}
    charges = [column for column in CHARGE if column in common]
    can_tell = bool({"ResourceId", "SkuId"} & set(names))
    whole = sorted(common)
    for key, share in ((whole, SHARED), (charges, RESTATED), (names, RESTATED)):
        for tally in _tallies(connection, unit, bills, key, share, restated=key is names):
            pair = tally.one, tally.other
            one, other = (bills[position] for position in pair)
            smaller = min(rows[one.shown], rows[other.shown])
            if key is names and (tally.vague or not can_tell):
                continue
            part = RESTATED if key is names else SHARED
            if tally.shared > part * smaller and tally.is_no_chance(tally.shared, smaller, 1):
                found.setdefault(pair, Repeated(one, other, tally.shared, smaller))
            elif tally.is_no_chance(tally.rows, tally.all_days, 1 if key is whole else FEW):
                days = tally.first, tally.last
                found.setdefault(pair, Repeated(one, other, tally.rows, tally.of, days))
    return list(found.values())


def _tallies(
    connection: DuckDBPyConnection,
    unit: Unit,
    bills: Sequence[Bill],
    columns: Sequence[str],
    share: float,
    restated: bool = False,
) -> list[_Tally]:
    """Pairs of files with rows that are alike in the columns, and how many on which days.

    Late charges may be named as earlier ones are: only a whole day can be `restated`.
    """
    most = "greatest" if restated else "least"
    day = "coalesce(cast(ChargePeriodStart as date), $period)"
    hashed = " union all ".join(
        f"select {position} as bill, {day} as day, hash({', '.join(columns)}) as key"
        f" from ({bill.select}) as line where {PLACE}"
        for position, bill in enumerate(bills)
    )
    rows = connection.execute(
        f"with hashed as ({hashed}),"
        " counted as materialized (select bill, day, key, count(*) as lines from hashed"
        " group by all),"
        " days as (select bill, day, sum(lines) as lines from counted group by all),"
        " files as (select bill, sum(lines) as lines, sum(lines) - count(*) as repeats from counted"
        " group by bill),"
        " shared as (select one.bill as one, other.bill as other, one.day,"
        " sum(least(one.lines, other.lines)) as lines from counted as one"
        " join counted as other using (day, key) where one.bill < other.bill group by all),"
        f" judged as (select shared.*, {most}(a.lines, b.lines) as most from shared"
        " join days as a on a.bill = shared.one and a.day = shared.day"
        " join days as b on b.bill = shared.other and b.day = shared.day),"
        " pairs as (select one, other, sum(lines) as shared,"
        " coalesce(sum(lines) filter (lines > $share * most), 0) as lines,"
        " coalesce(sum(most) filter (lines > $share * most), 0) as most,"
        " sum(most) as all_days, count(*) filter (lines > $share * most) as days,"
        " coalesce(min(day) filter (lines > $share * most), min(day)) as first_day,"
        " coalesce(max(day) filter (lines > $share * most), max(day)) as last_day"
        " from judged group by all)"
        " select one, other, cast(shared as bigint), cast(pairs.lines as bigint),"
        " cast(most as bigint), cast(all_days as bigint), days, first_day, last_day,"
        " cast(a.repeats + b.repeats as bigint),"
        " greatest(a.repeats / a.lines, b.repeats / b.lines) > $vague"
        " from pairs join files as a on a.bill = one join files as b on b.bill = other",
        {
            "account": unit.billing_account,
            "period": unit.period,
            "share": share,
            "vague": 1 - RESTATED,
        },
    ).fetchall()
    return [_Tally(*row) for row in rows]


@dataclass(frozen=True)
class Common:
    """What bills share with what is loaded from one file."""

    file: str
    days: int
    lost_days: int  # that are loaded, and that the bills have not
    charges: int  # that name the same, however much of it
    same: int  # of these, of the same amounts; costs may differ
    loaded: int
    vague: bool  # whether many of what is loaded have the same name


def common_charges(
    connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill], loaded: Sequence[str]
) -> list[Common]:
    """What the bills share with the charges of the unit, for each loaded file.

    What something cost may be corrected; what it was, where and when, is not. Charges that look
    alike are counted as often as they are there. A column that only one side fills tells nothing.
    """
    connection.execute((files("warehouse.ingest") / "macros.sql").read_text())
    names = set.intersection(*(_columns(connection, bill) for bill in bills))
    names = [name for name in CHARGE if name in names and name not in COSTS]
    filled = ", ".join(f"count({name}) > 0" for name in names)
    values = {"account": unit.billing_account, "period": unit.period}
    given = " union all ".join(
        f"select {', '.join(names)} from ({bill.select}) as line where {PLACE}" for bill in bills
    )
    [has] = connection.execute(f"select {filled} from ({given})", values).fetchall()
    kept = connection.execute(
        f"select x_file, {filled} from raw.focus where x_source = $feed and {PLACE}"
        " and list_contains($loaded, x_file) group by x_file",
        {**values, "feed": unit.feed, "loaded": list(loaded)},
    ).fetchall()
    groups: dict[tuple[str, ...], list[str]] = {}
    for file, *held in kept:
        both = zip(names, has, held, strict=True)
        groups.setdefault(tuple(n for n, a, b in both if a and b), []).append(file)
    found = [
        common
        for columns, group in groups.items()
        for common in _common(connection, unit, given, columns, group)
    ]
    return sorted(found, key=lambda common: common.file)


def _common(
    connection: DuckDBPyConnection,
    unit: Unit,
    given: str,
    columns: Sequence[str],
    loaded: Sequence[str],
) -> list[Common]:
    what = (
        "coalesce(cast(ChargePeriodStart as date), $period) as day,"
        f" {_hash([name for name in columns if name in WHAT])} as charge,"
        f" {_hash(columns)} as same"
    )
    rows = connection.execute(
        "with given as materialized (select day, charge, same, count(*) as lines"
        f" from (select {what} from ({given})) group by all),"
        " loaded as materialized (select x_file, day, charge, same, count(*) as lines"
        f" from (select x_file, {what} from raw.focus where x_source = $feed and {PLACE}"
        " and list_contains($loaded, x_file)) group by all),"
        " by_day as (select x_file, count(distinct loaded.day) filter (days.common) as common,"
        " count(distinct loaded.day) filter (days.common is null) as lost from loaded"
        " left join (select distinct day, true as common from given) as days using (day)"
        " group by x_file),"
        f" {_lines_of('charge')}, {_lines_of('same')}"
        " select x_file, common, lost, cast(by_charge.lines as bigint),"
        " cast(by_same.lines as bigint), cast(by_charge.loaded as bigint),"
        " by_charge.kinds < $clear * by_charge.loaded"
        " from by_day join by_charge using (x_file) join by_same using (x_file)",
        {
            "account": unit.billing_account,
            "period": unit.period,
            "feed": unit.feed,
            "loaded": list(loaded),
            "clear": RESTATED,
        },
    ).fetchall()
    return [Common(*row) for row in rows]


def _hash(columns: Sequence[str]) -> str:
    fields = [f"{name} := lower(cast({name} as varchar))" for name in columns]
    return f"hash(struct_pack({', '.join(fields)}))" if fields else "0"


def _lines_of(key: str) -> str:
    """SQL of how many rows of each loaded file are given, by that key; and how many there are."""
    return (
        f"by_{key} as (select x_file, sum(least(one.lines, coalesce(other.lines, 0))) as lines,"
        " sum(one.lines) as loaded, count(*) as kinds from"
        f" (select x_file, {key}, sum(lines) as lines from loaded group by all) as one left join"
        f" (select {key}, sum(lines) as lines from given group by all) as other using ({key})"
        " group by x_file)"
    )


def lost_days(connection: DuckDBPyConnection, unit: Unit, bills: Sequence[Bill]) -> list[date]:
    """Days with charges that are loaded of the unit, after the last one of the bills."""
    connection.execute((files("warehouse.ingest") / "macros.sql").read_text())
    day = "select coalesce(cast(ChargePeriodStart as date), $period) as day from"
    given = " union all ".join(f"{day} ({bill.select}) as line where {PLACE}" for bill in bills)
    rows = connection.execute(
        f"select distinct day from ({day} raw.focus where x_source = $feed and {PLACE})"
        f" where day > (select max(day) from ({given})) order by day",
        {"account": unit.billing_account, "period": unit.period, "feed": unit.feed},
    ).fetchall()
    return [row[0] for row in rows]


def _columns(connection: DuckDBPyConnection, bill: Bill) -> set[str]:
    described = connection.execute(f"describe select * from ({bill.select})").fetchall()
    return {row[0] for row in described}
