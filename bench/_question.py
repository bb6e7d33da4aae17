"""What the benchmark of selection asks, with no import of its own that costs time."""

from collections.abc import Sequence

from models.selection.find import find
from models.selection.market import Market
from models.selection.requirements import Range, Requirements

REGIONS = ("eu-*", "europe-*", "westeurope", "us-east*")
ASKED = Requirements(
    {"vcpus": Range(4, 8), "memory_gib": Range(16, None)},
    {"region": REGIONS, "price_type": ("on_demand",), "arch": ("x86_64", "arm64")},
    {"burstable": False, "doubtful": False},
)
NOTHING_FITS = Requirements({"vcpus": Range(4000, None)}, {"price_type": ("on_demand",)})


def answer(market: Market) -> Sequence[object]:
    """One search with its near misses."""
    found, missed = find(market, ASKED)
    return [*found.offers, *missed]
