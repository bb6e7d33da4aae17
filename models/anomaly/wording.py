"""Say what an incident is in plain words, and write the queries that show its rows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

COLUMNS = {  # dimension -> how the bill says it
    "resource": "ResourceId",
    "sku": "coalesce(SkuId, SkuMeter, '(unknown)')",
    "region": "coalesce(RegionId, '(none)')",
    "charge_category": (
        "if(EffectiveCost < 0, 'credit', lower(coalesce(PricingCategory, ChargeCategory)))"
    ),
    "account": "coalesce(SubAccountId, BillingAccountId, '(unknown)')",
    "service": "coalesce(ServiceName, '(unknown)')",
}
# Each as key=value: a key may have any sign in it, an equals sign too.
TAGS = (
    "list_transform(map_entries(from_json(if(json_valid(Tags) and json_type(Tags) = 'OBJECT', "
    """Tags, '{}'), '"MAP(VARCHAR, VARCHAR)"')), lambda tag: tag.key || '=' || tag.value)"""
)
NOUNS = {
    "resource": "resource", "sku": "SKU", "tag": "tag", "region": "region",
    "charge_category": "usage priced as", "account": "account", "service": "service",
}  # fmt: skip
LONGEST = 60  # characters of an id in a sentence


def kind_of(first: Mapping[str, Any]) -> str:
    """What the first cause is: new, gone, quantity, price, mix or unknown."""
    if first["is_new"]:
        return "new"
    if first["is_gone"]:
        return "gone"
    kinds = ("quantity", "price", "mix", "unknown")
    effects = {name: abs(float(first[f"{name}_effect"])) for name in kinds}
    return max(effects, key=lambda name: effects[name])


def sentence(
    members: pl.DataFrame,
    first: Mapping[str, Any],
    largest: Mapping[str, Any] | None,
    because: str | None,
) -> str:
    """The numbers of the largest series, what explains the incident, and why it was expected."""
    text: str = members["reason"][0]
    if members.height > 1:
        total = float(members["impact"].sum())
        text = f"{members.height} series together {total:+,.2f} {members['currency'][0]}; {text}"
    parts = [text, _explained(first)]
    if largest and first["dimension"] == "service":
        share = min(largest["share"], 1.0)
        part = "most of it by" if share > 0.5 else "the largest part by"
        parts.append(f"{part} {named(largest)} ({share:.0%})")
    if because:
        parts.append(f"expected: {because}")
    return "; ".join(parts)


def _explained(first: Mapping[str, Any]) -> str:
    what = f"{NOUNS[first['dimension']]} {named(first)}"
    share = f"{min(first['share'], 1.0):.0%}"
    match kind_of(first):
        case "new":
            return f"{what} is new and explains {share} of it"
        case "gone":
            return f"{what} is gone and explains {share} of it"
        case "price":
            return f"{what} explains {share} of it: a {_way(first, 'price')} price"
        case "mix":
            return f"{what} explains {share} of it: other SKUs than before"
        case "unknown":
            return f"{what} explains {share} of it: by price or quantity, the bill does not tell"
        case _:
            more = "more" if float(first["quantity_effect"]) > 0 else "less"
            return f"{what} explains {share} of it: {more} of it used"


def _way(first: Mapping[str, Any], effect: str) -> str:
    return "higher" if float(first[f"{effect}_effect"]) > 0 else "lower"


def named(cause: Mapping[str, Any]) -> str:
    """What a reader calls it; an SKU's id tells nobody anything."""
    name = cause.get("name")
    if cause["dimension"] == "sku" and name:
        return f"{name} ({short(cause['value'])})"
    return short(name or cause["value"])


def short(value: str) -> str:
    """The telling end of an id.

    >>> short("//run.googleapis.com/projects/p/regions/r/services/api")
    'api'
    """
    if "/" in value and len(value) > LONGEST // 2:
        value = value.rstrip("/").rsplit("/", 1)[-1]
    return value if len(value) <= LONGEST else "..." + value[-LONGEST:]


def because_of(words: Sequence[str]) -> str:
    """Each reason once."""
    return ", ".join(dict.fromkeys(words))


def scope(members: pl.DataFrame) -> str:
    """What the incident covers."""
    if members.height == 1:
        one = members.row(0, named=True)
        return f"{one['service']} in {one['account']}"
    services, accounts = (
        members[name].unique().sort().to_list() for name in ("service", "account")
    )
    return f"{members.height} series: {_listed(services)} in {_listed(accounts)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"


def evidence(members: pl.DataFrame, until: date) -> str:
    """The lines of all members from four weeks before, by day and resource."""
    return _query(members, until, "ResourceId", "")


def evidence_of_cause(members: pl.DataFrame, dimension: str, value: str, until: date) -> str:
    """The lines of one cause."""
    if dimension == "tag":
        return _query(members, until, "ResourceId", f" and list_contains({TAGS}, {_text(value)})")
    also = "SkuId" if dimension == "resource" else "ResourceId"
    return _query(members, until, also, f" and {COLUMNS[dimension]} = {_text(value)}")


def _query(members: pl.DataFrame, until: date, by: str, condition: str) -> str:
    series = (
        members.select("cloud", "account", "service").unique().sort("cloud", "account", "service")
    )
    tuples = ", ".join(f"({', '.join(_text(one) for one in row)})" for row in series.iter_rows())
    ends = until if members["ends_on"].null_count() else max(members["ends_on"])
    return (
        f"select ChargePeriodStart::date as day, {by}, sum(EffectiveCost) as effective_cost, "
        "sum(coalesce(PricingQuantity, ConsumedQuantity)) as quantity, count(*) as lines "
        "from raw.focus where (x_cloud, coalesce(SubAccountId, BillingAccountId, '(unknown)'), "
        f"coalesce(ServiceName, '(unknown)')) in ({tuples}) "
        f"and BillingCurrency = {_text(members['currency'][0])} and ChargeCategory = 'Usage' "
        "and ChargeClass is null "
        f"and ChargePeriodStart >= date '{min(members['starts_on'])}' - interval 28 day "
        f"and ChargePeriodStart < date '{ends}'{condition} "
        "group by all order by day desc, effective_cost desc"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
