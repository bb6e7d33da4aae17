"""The sizes in use, and smaller ones, at the rate card's price of a vCPU and of a GiB."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA
from clouds.onprem.cost import month_costs
from clouds.onprem.domains import Domain
from clouds.onprem.inventory import CLOUD
from clouds.onprem.rate_card import RateCard
from clouds.onprem.sizes import MIB_PER_GIB, family_name, size_name
from clouds.sweep import frame

SOURCE = "rate card"
HOURS = 24
PRICE_UNIT = Decimal("0.000000001")
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}  # libvirt's word: ours


@dataclass(frozen=True, order=True)
class Size:
    """So many vCPUs and so much memory on one architecture."""

    vcpus: int
    memory_mib: int
    arch: str | None


def sizes(domains: Iterable[Domain]) -> list[Size]:
    """The sizes in use and, of each, the half, the quarter and so on, down to one vCPU."""
    found: set[Size] = set()
    for domain in domains:
        vcpus, memory = domain.vcpus, domain.memory_mib
        while vcpus >= 1 and memory >= 1:
            found.add(Size(vcpus, memory, ARCHITECTURES.get(domain.arch)))
            if vcpus % 2 or memory % 2:
                break
            vcpus, memory = vcpus // 2, memory // 2
    return sorted(found, key=lambda size: (size.vcpus, size.memory_mib, size.arch or ""))


def offers(found: Sequence[Size]) -> pl.DataFrame:
    """One row per size, in the columns of `OFFER_SCHEMA`; what libvirt does not say is null."""
    architectures: dict[tuple[int, int], set[str | None]] = {}
    for size in found:
        architectures.setdefault((size.vcpus, size.memory_mib), set()).add(size.arch)
    return frame(
        OFFER_SCHEMA,
        [
            {
                "cloud": CLOUD,
                "instance_type": size_name(vcpus, memory),
                "family": family_name(vcpus, memory),
                "vcpus": float(vcpus),
                "memory_gib": memory / MIB_PER_GIB,
                "arch": next(iter(archs)) if len(archs) == 1 else None,
                "burstable": False,
                "gpu_count": None,
                "current_generation": True,
                "source": SOURCE,
            }
            for (vcpus, memory), archs in architectures.items()
        ],
    )


def prices(
    card: RateCard, day: date, found: Sequence[Size], regions: Mapping[str, str], account: str
) -> pl.DataFrame:
    """One row per region and size, in the columns of `PRICE_SCHEMA`, with the rates of `day`.

    A region's price is the average of its hosts by what they have to give; licences of guests are
    not in it.
    """
    rows = [
        {
            "cloud": CLOUD,
            "region": region,
            "instance_type": size_name(vcpus, memory),
            "os": "linux",
            "price_type": "on_demand",
            "currency": card.currency,
            "price_hour": _rounded(vcpus * rate[0] + Fraction(memory, MIB_PER_GIB) * rate[1]),
            "as_of": day,
            "source": SOURCE,
            "quality": "ok",
        }
        for region, rate in sorted(_rates(card, day, regions, account).items())
        for vcpus, memory in sorted({(size.vcpus, size.memory_mib) for size in found})
    ]
    return frame(PRICE_SCHEMA, rows)


def _rates(
    card: RateCard, day: date, regions: Mapping[str, str], account: str
) -> dict[str, tuple[Fraction, Fraction]]:
    """Region -> price of a vCPU and of a GiB for one hour."""
    costs = month_costs(card, day.replace(day=1))
    totals: dict[str, tuple[Fraction, Fraction, Fraction]] = {}
    for host in card.hosts:
        rates = card.rates(host, day)
        if rates is None:
            continue
        region = regions.get(host.name, account)
        cost, vcpus, memory = totals.get(region, (Fraction(0), Fraction(0), Fraction(0)))
        totals[region] = (
            cost + Fraction(costs[host.name, day]),
            vcpus + rates.vcpus,
            memory + Fraction(rates.memory_gib),
        )
    cpu, ram = Fraction(card.allocation.vcpu) / 100, Fraction(card.allocation.memory) / 100
    return {
        region: (cost * cpu / vcpus / HOURS, cost * ram / memory / HOURS)
        for region, (cost, vcpus, memory) in totals.items()
    }


def _rounded(amount: Fraction) -> Decimal:
    return round(amount / Fraction(PRICE_UNIT)) * PRICE_UNIT
