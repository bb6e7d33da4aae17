"""Answer `select`: read what was asked for, choose, and print it or put it into another form."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.answer import Answer
from app.errors import BadInput, Refused
from app.market import open_market
from app.selection import Chosen, choose, completed, need_of
from app.selection_words import rejection
from app.session import Session
from models.errors import BadRequirement
from models.selection.import_abis import from_instance_requirements
from models.selection.import_flags import from_flags
from models.selection.market import Market
from models.selection.requirements import (
    FLAGS,
    NUMBERS,
    SETS,
    Range,
    Requirements,
    parse_range,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

SINGULAR = {"features": "feature", "not_features": "not_feature"}  # an option names one
MOST = 10_000  # offers that an export looks at
OF_PRICES = ("price_hour", "interruption_percent")  # of the price, not of the type or the region


@dataclass(frozen=True)
class Asked:
    """What was asked for, by options and by what they start from."""

    requirements: Requirements
    like: Mapping[str, Any] | None
    reasons: Sequence[str]
    not_applied: Sequence[str]


def answer(session: Session, given: Mapping[str, Any]) -> Answer:
    """Offers, rejections and near misses, or the export. Raises `BadInput`, `Refused`."""
    market = open_market(session)
    try:
        asked = _asked(market, given)
        wanted = MOST if given["export"] else given["limit"]
        chosen = choose(market, asked.requirements, wanted)
        if given["export"]:
            return _export(session, given["export"], asked, chosen, market)
    except BadRequirement as error:
        raise BadInput(str(error)) from error
    finally:
        market.connection.close()
    for name in asked.not_applied:
        session.say(f"not applied, as nothing here states it: {name}")
    document = {
        "offers": chosen.offers,
        "accepted": chosen.accepted,
        "considered": chosen.considered,
        "rejected": chosen.rejected,
        "near_misses": chosen.near_misses,
        "unpriced": chosen.unpriced,
        "like": asked.like,
        "reasons": asked.reasons,
        "not_applied": asked.not_applied,
        "snapshot": market.snapshot,
    }
    return Answer(document, lambda: _view(chosen, asked, market))


def _asked(market: Market, given: Mapping[str, Any]) -> Asked:
    told = Requirements(
        ranges={name: parse_range(given[name]) for name in NUMBERS if given[name] is not None},
        sets={
            name: tuple(_spelt(name, one) for one in given[SINGULAR.get(name, name)])
            for name in SETS
            if given[SINGULAR.get(name, name)]
        },
        flags=_flags(given),
        os=given["os"] or "linux",
        currency=given["currency"] or "USD",
        disk_gib=given["disk_gib"],
        egress_gib_month=given["egress_gib_month"],
        restart_hours=given["restart_hours"],
        near=None if given["near"] is None else given["near"].lower(),
    )
    like: Mapping[str, Any] | None = None
    reasons: Sequence[str] = ()
    not_applied: list[str] = []
    if given["from_abis"] is not None:
        base, left = from_instance_requirements(_json(given["from_abis"]))
        told, not_applied = told.with_defaults(base), [*not_applied, *left]
    if given["from_ec2_selector"] is not None:
        base, left = from_flags(given["from_ec2_selector"])
        told, not_applied = told.with_defaults(base), [*not_applied, *left]
    if given["like"] is not None:
        like, need = need_of(market, given["like"])
        told, reasons = completed(told, need.asked), need.reasons
        told = replace(told, os=given["os"] or need.asked.os)
        if given["currency"] is None and like["currency"]:
            told = replace(told, currency=like["currency"])
    if "price_type" not in told.sets:
        told = told.with_defaults(Requirements(sets={"price_type": ("on_demand",)}))
    return Asked(told, like, reasons, not_applied)


def _flags(given: Mapping[str, Any]) -> dict[str, bool]:
    """What is wanted or not; doubtful prices are let in, not asked for."""
    flags = {name: given[name] for name in FLAGS if given[name] is not None}
    return {name: wanted for name, wanted in flags.items() if name != "doubtful" or not wanted}


def _spelt(name: str, given: str) -> str:
    """Names as they are written here, whichever way they are typed."""
    if name == "country":
        return given.upper()
    return given if name in ("instance_type", "not_instance_type", "family") else given.lower()


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadInput(
            f"{path} can't be read as JSON ({error}). Expected are the InstanceRequirements of "
            "EC2, as 'aws ec2 get-instance-types-from-instance-requirements' takes them."
        ) from None


def _export(session: Session, form: str, asked: Asked, chosen: Chosen, market: Market) -> Answer:
    if not chosen.offers:
        told = ", ".join(rejection(*one) for one in chosen.rejected.items())
        raise Refused(f"Nothing fits, so there is nothing to export. Rejected: {told or 'none'}.")
    text: str
    content: Any
    match form:
        case "abis":
            from models.selection.abis import instance_requirements

            offers = [one for one in chosen.offers if one["cloud"] == "aws"]
            if not offers:
                clouds = ", ".join(sorted({str(one["cloud"]) for one in chosen.offers}))
                raise BadInput(
                    f"InstanceRequirements are those of Amazon EC2; what fits is of {clouds}. "
                    "Give --cloud aws, or another --export."
                )
            _refuse_several_prices(asked.requirements, offers)
            types = [str(one["instance_type"]) for one in offers]
            content, listed = instance_requirements(asked.requirements, types)
            text = json.dumps(content, indent=2)
            if listed:
                session.say(f"EC2 has no word for {', '.join(listed)}: types are listed by name.")
        case "karpenter":
            from models.selection.karpenter import node_pool

            content = text = node_pool(asked.requirements, chosen.offers)
            _refuse_several_prices(asked.requirements, chosen.offers)
        case _:
            from models.selection.terraform import resource

            content = text = resource(chosen.offers[0], asked.requirements.disk_gib)
    document = {"export": form, "content": content, "snapshot": market.snapshot}
    return Answer(document, lambda: [text.rstrip("\n")])


def _refuse_several_prices(asked: Requirements, offers: Sequence[Mapping[str, Any]]) -> None:
    """Raise `BadInput` where types are listed for regions in which their price may not fit."""
    limits = [name for name in OF_PRICES if asked.ranges.get(name, Range()) != Range()]
    regions = sorted({str(one["region"]) for one in offers})
    ways = sorted({"spot" if one["is_spot"] else str(one["price_type"]) for one in offers})
    if limits and (len(regions) > 1 or len(ways) > 1):
        raise BadInput(
            f"Types are listed by name, and what {' and '.join(limits)} rejects in one region or "
            f"bought one way may fit in another: found {', '.join(regions)}; {', '.join(ways)}. "
            f"Give one --region and one --price-type, or leave {' and '.join(limits)} out."
        )


def _view(chosen: Chosen, asked: Asked, market: Market) -> Iterable["RenderableType"]:
    from rich.text import Text

    from app.tables import footer, table

    if asked.like is not None:
        kind = f"{asked.like['instance_type']} with {asked.like['os']}"
        yield f"{asked.like['resource_id']} is {kind} and needs:"
        yield from (f"  {reason}" for reason in asked.reasons)
    if chosen.offers:
        columns = _columns(chosen, asked.requirements)
        yield table(columns, [_line(one, chosen) for one in chosen.offers])
        yield f"{chosen.accepted:,} of {chosen.considered:,} prices fit."
    else:
        yield f"None of {chosen.considered:,} prices fits."
    if chosen.unpriced:
        yield chosen.unpriced
    if chosen.rejected:
        yield "Rejected by: " + ", ".join(rejection(*one) for one in chosen.rejected.items())
    if chosen.near_misses:
        yield "Just missed:"
        yield from (f"  {one['sentence']}" for one in chosen.near_misses)
    yield from (
        f"{_amount(one['covered_hour'])} an hour of {one['instance_type']} in {one['region']} is "
        f"paid already: {one['cover_reason']}"
        for one in chosen.offers
        if one["covered_hour"]
    )
    reasons = dict.fromkeys(
        text for one in chosen.offers for name, text in one["unknown"].items()
        if name != "marginal_hour" or market.snapshot is not None
    )  # fmt: skip
    yield from (f"unknown: {reason}" for reason in reasons)
    if market.snapshot is None:
        yield Text("packaged prices, no snapshot", style="dim")
    else:
        yield footer(market.snapshot)


def _columns(chosen: Chosen, asked: Requirements) -> list[str]:
    extra = [">total an hour"] if _has_totals(chosen) else []
    away = [] if asked.near is None else [f">ms to {asked.near}"]
    return [
        "cloud", "region", ">g CO2e/kWh", *away, "type", "price", ">vCPU", ">GiB", "arch",
        ">an hour", *extra, ">a month", "as of", "source",
    ]  # fmt: skip


def _line(one: Mapping[str, Any], chosen: Chosen) -> list[Any]:
    extra = [_amount(one["total_hour"])] if _has_totals(chosen) else []
    away = [] if one["near"] is None else [_known(one["latency_ms"])]
    return [
        one["cloud"], one["region"], _known(one["carbon_g_kwh"]), *away, one["instance_type"],
        one["price_type"], _number(one["vcpus"]), _number(one["memory_gib"]), one["arch"],
        _amount(one["price_hour"]), *extra, one["total_month"] or "unknown", one["as_of"],
        one["source"],
    ]  # fmt: skip


def _has_totals(chosen: Chosen) -> bool:
    return any(one["total_hour"] != one["price_hour"] for one in chosen.offers)


def _amount(amount: Any) -> str:
    return "unknown" if amount is None else f"{amount:.4f}"


def _known(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"


def _number(value: Any) -> str | None:
    return None if value is None else f"{value:g}"
