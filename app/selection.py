"""Choose instances: from what is asked for to offers, what was rejected why, and near misses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from app.errors import BadInput
from app.selection_words import sentence
from app.words import cloud_name
from models.selection.find import find
from models.selection.like import Need, need
from models.selection.market import Market
from models.selection.names import priced_clouds, unmatched
from models.selection.requirements import Requirements
from models.selection.total import HOURS_A_MONTH

PLACE = ("cloud", "region", "country", "continent")
Row = Mapping[str, Any]
FEW, MANY = 12, 60  # known names that are all listed, and that are listed at most
UNKNOWN = {  # part of the price: why it is not known, where there is a home with bills
    "disk_hour": "no bill of the last 32 days states a price of disks in {region}",
    "egress_hour": "no bill of the last 32 days states a price of egress in {region}",
    "restart_hour": "how often {cloud} takes {instance_type} away is not published, or has no "
    "upper end",
    "licence_hour": "no source states the price of {instance_type} without it",
    "carbon_g_kwh": "of some regions no source states how much carbon their grid emits",
    "latency_ms": "of some regions no measured round trip to {near} is published",
}
NO_HOME = "there is no home with bills"


@dataclass(frozen=True)
class Chosen:
    """The whole answer, in the form of the JSON document."""

    offers: Sequence[Row]
    accepted: int
    considered: int
    rejected: Mapping[str, int]
    near_misses: Sequence[Row]
    unpriced: str | None  # which of the clouds asked for have no price at all, as a sentence


def choose(market: Market, asked: Requirements, limit: int) -> Chosen:
    """Offers cheapest first. Raises `BadInput` if a name is asked for that nothing has."""
    refuse_unknown_names(market, asked)
    found, missed = find(market, asked, limit)
    return Chosen(
        offers=[_told(row, market) for row in found.offers],
        accepted=found.accepted,
        considered=found.considered,
        rejected=found.rejected,
        near_misses=[_missed(row, market) for row in missed],
        unpriced=_unpriced(market, asked),
    )


def _unpriced(market: Market, asked: Requirements) -> str | None:
    if "cloud" not in asked.sets:
        return None
    known = priced_clouds(market.connection, asked.os, asked.currency)
    without = [cloud_name(cloud) for cloud in asked.sets["cloud"] if cloud not in known]
    if not without:
        return None
    which = f"prices of {asked.os} in {asked.currency}"
    others = f"; there are some of {', '.join(map(cloud_name, known))}" if known else ""
    return f"No {which} are known of {' or '.join(without)}{others}."


def refuse_unknown_names(market: Market, asked: Requirements) -> None:
    """Raise `BadInput` for the first name that nothing on offer has, with those that there are."""
    for one in unmatched(market.connection, asked):
        close = one.close if len(one.known) > FEW else ()
        listed = ", ".join(close or one.known[:MANY])
        more = ", ..." if not close and len(one.known) > MANY else ""
        raise BadInput(
            f"Nothing on offer has the {one.kind.replace('_', ' ')} {one.name!r}. "
            f"{'Close to it' if close else 'Known'}: {listed}{more}."
        )


def need_of(market: Market, wanted: str) -> tuple[Row, Need]:
    """A running machine by its id, name or `cloud/account/id`, and what it needs.

    Raises `BadInput` if it is none, or more than one.
    """
    if market.snapshot is None:
        raise BadInput(
            f"--like {wanted} needs a home with an inventory and metrics, and nothing is published "
            "in this one. Run 'instance-select run' first, or give --home."
        )
    from models.rightsizing import Headroom  # slow to import, and few ask for it

    query = (files("app") / "machine_in_use.sql").read_text()
    cursor = market.connection.cursor()
    cursor.execute("use lake")
    result = cursor.execute(query, {"wanted": wanted})
    names = [column[0] for column in result.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    if not found:
        raise BadInput(
            f"There is no machine with the id or name {wanted!r} in snapshot {market.snapshot}. "
            'List them: instance-select sql "select resource_id, name from marts.resource_now '
            "where kind = 'instance'\""
        )
    alike = dict.fromkeys(
        f"{row['cloud']}/{row['account']}/{row['resource_id']}" for row in found
    )  # two sources may read one account
    if len(alike) > 1:
        listed = ", ".join(list(alike)[:FEW]) + (", ..." if len(alike) > FEW else "")
        raise BadInput(
            f"{len(alike)} machines are called {wanted!r}. Give the one that is meant as "
            f"cloud/account/id: {listed}."
        )
    return found[0], need(found[0], Headroom())


def completed(told: Requirements, need: Requirements) -> Requirements:
    """What was told, and for the rest what a machine needs.

    Where it is counts only if no other place was told; of other clouds nobody says which network
    lasts, so there it can't be asked for.
    """
    if set(PLACE) & set(told.sets):
        need = replace(
            need,
            sets={name: one for name, one in need.sets.items() if name not in PLACE},
            ranges={name: one for name, one in need.ranges.items() if name != "network_gbps"},
        )
    return told.with_defaults(need)


def _told(row: Row, market: Market) -> dict[str, Any]:
    """One offer as it is told: what is unknown is null, with the reason in `unknown`."""
    told = dict(row)
    why = {name: text.format(**row) for name, text in UNKNOWN.items() if row[name] is None}
    if row["near"] is None:
        del why["latency_ms"]
    if market.snapshot is None:
        why |= {name: NO_HOME for name in why if name in ("disk_hour", "egress_hour")}
        told["marginal_hour"] = None
        why["marginal_hour"] = "what is owned is not known without a home"
    elif row["marginal_hour"] is None:
        why["marginal_hour"] = row["cover_reason"]
    month = None if row["total_hour"] is None else float(row["total_hour"]) * HOURS_A_MONTH
    return {
        **told,
        "usd_hour": row["price_hour"] if row["currency"] == "USD" else None,
        "total_month": None if month is None else f"{month:.2f}",
        "unknown": why,
    }


def _missed(row: Row, market: Market) -> dict[str, Any]:
    saving = row["saving_hour"]
    month = None if saving is None else f"{float(saving) * HOURS_A_MONTH:.2f}"
    told = _told(row, market) | {"saving_month": month}
    return {"constraint": row["constraint"], "sentence": sentence(told), **told}
