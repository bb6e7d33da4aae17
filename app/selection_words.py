"""Near misses in words: what would have to be given up, and what that saves."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.dashboard.money import full
from app.words import cloud_name
from models.selection.requirements import NUMBERS

NAMES = {
    "cloud": "Cloud", "region": "Region", "country": "Country", "continent": "Continent",
    "arch": "Architecture", "family": "Family",
    "instance_type": "Instance type", "cpu_vendor": "A CPU of", "gpu_model": "GPU",
}  # fmt: skip
PRICES = {
    "on_demand": "on demand", "spot": "spot", "spot_est": "spot (estimated)",
}  # fmt: skip
COMMITTED = {
    "cud": "commitment", "sp": "savings plan", "sp_instance": "savings plan of the family",
    "reservation": "reservation",
}  # fmt: skip
YEARS = {"1y": "one-year", "3y": "three-year"}
SHORT = {
    "vcpus": "vCPUs", "gpus": "GPUs", "doubtful": "doubtful price", "carbon_g_kwh": "carbon",
    "latency_ms": "latency",
}  # fmt: skip
LIFTED = {
    "burstable": ("A burstable CPU", "A CPU that is not burstable"),
    "bare_metal": ("Bare metal", "A virtual machine"),
    "doubtful": ("Trusting a price below half of the usual one", "A usual price"),
    "current_generation": ("The current generation", "A previous generation"),
}


def sentence(missed: Mapping[str, Any]) -> str:
    """One near miss.

    >>> row = {"constraint": "memory_gib", "wanted": "8..", "value": "7.5", "distance": 0.5,
    ...        "saving_month": "12.00", "currency": "USD", "cloud": "aws", "region": "us-east-1",
    ...        "instance_type": "m6g.large"}
    >>> sentence(row)
    '0.5 GiB of memory less would save $12.00 a month: m6g.large on AWS in us-east-1'
    """
    saving = missed["saving_month"]
    gain = "would make this fit"
    if saving is not None:
        gain = f"would save {full(Decimal(saving), missed['currency'])} a month"
    what = f"{missed['instance_type']} on {cloud_name(missed['cloud'])} in {missed['region']}"
    return f"{_given_up(missed)} {gain}: {what}"


def price_name(price_type: str) -> str:
    """How a reader calls a type of price.

    >>> price_name("on_demand"), price_name("sp_instance_3y"), price_name("cud_1y")
    ('on demand', 'three-year savings plan of the family', 'one-year commitment')
    """
    kind, _, term = price_type.rpartition("_")
    if kind in COMMITTED and term in YEARS:
        return f"{YEARS[term]} {COMMITTED[kind]}"
    return PRICES.get(price_type, price_type.replace("_", " "))


def rejection(name: str, count: int) -> str:
    """How many prices one constraint rejects, or can't judge.

    >>> rejection("memory_gib", 1200), rejection("unknown memory_gib", 3)
    ('memory 1,200', 'memory unknown 3')
    """
    unknown = name.startswith("unknown ")
    word = _short(name.removeprefix("unknown "))
    return f"{word}{' unknown' if unknown else ''} {count:,}"


def _given_up(missed: Mapping[str, Any]) -> str:
    name, value, wanted = missed["constraint"], missed["value"], missed["wanted"]
    if name in NUMBERS:
        return _less_or_more(name, float(value), float(missed["distance"]), wanted)
    if name == "price_type":
        listed = ", ".join(price_name(one) for one in wanted.split(", "))
        said = price_name(value)
        return f"{said[0].upper()}{said[1:]} instead of {listed}"
    if name in LIFTED:
        return LIFTED[name][wanted == "yes"]
    if name in ("features", "not_features"):
        is_needed, has = name == "features", value.split()
        named = [one for one in wanted.split(", ") if (one in has) != is_needed]
        return f"{'Doing without' if is_needed else 'Allowing'} {' and '.join(named)}"
    if name.startswith("not_"):
        return f"Allowing {_short(name.removeprefix('not_'))} {value}"
    return f"{NAMES[name]} {value} instead of {wanted}"


def _less_or_more(name: str, value: float, distance: float, wanted: str) -> str:
    low = wanted.partition("..")[0]
    measure = NUMBERS[name]
    unit = measure.one if measure.one and distance == 1 else measure.unit
    way = "less" if low and value < float(low) else "more"
    amount = f"{distance:,.0f}" if distance >= 999.5 else f"{distance:.3g}"
    return f"{amount} {unit} {way}"


def _short(name: str) -> str:
    return SHORT.get(name) or name.removesuffix("_gib").removesuffix("_gb").replace("_", " ")
