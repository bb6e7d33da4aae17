"""FOCUS itself: which version a file follows, and its columns as raw.focus stores them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

from clouds.billing import plain
from warehouse.tables import schema_files

REQUIRED = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodStart",
    "EffectiveCost",
)
PERIOD = ("BillingPeriodStart", "BillingPeriodEnd")
PROVIDERS = ("ProviderName", "ServiceProviderName")
Kind = Literal["a decimal number", "a time", "a JSON list of credits"]
_TYPES: Mapping[Kind, re.Pattern[str]] = {
    "a decimal number": re.compile(
        r"VARCHAR|DECIMAL\([\d,]+\)|DOUBLE|FLOAT|U?INTEGER|U?(TINY|SMALL|BIG)INT"
    ),
    "a time": re.compile(r"VARCHAR|DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?"),
    "a JSON list of credits": re.compile(r"VARCHAR|JSON|.+\[\]"),
}
RECOGNISED = 4  # of the required columns make a file FOCUS, whatever else is missing

_NEW = {
    "1.4": ("CommitmentProgramEligibilityDetails", "InvoiceDetailId"),
    "1.3": (
        "AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId",
        "AllocatedResourceName", "AllocatedTags", "ContractApplied", "HostProviderName",
        "ServiceProviderName",
    ),
    "1.2": (
        "BillingAccountType", "InvoiceId", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "SubAccountType",
    ),
    "1.1": (
        "CapacityReservationId", "CapacityReservationStatus", "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit", "ServiceSubcategory", "SkuMeter", "SkuPriceDetails",
    ),
}  # fmt: skip


@cache
def stored_columns() -> Mapping[str, str]:
    """Every FOCUS column of raw.focus and its type, in the table's order."""
    ddl = re.sub(r"--[^\n]*", "", schema_files()["raw.focus"])
    body = ddl[ddl.index("(") + 1 : ddl.rindex(")")]
    pairs = [line.strip().rstrip(",").split(" ", 1) for line in body.splitlines() if line.strip()]
    return {name: type_ for name, type_ in pairs if not name.startswith("x_")}


def focus_names(columns: Mapping[str, str]) -> dict[str, str]:
    """The file's own name of each FOCUS column it has."""
    by_plain = {plain(name): name for name in reversed(list(columns))}
    return {
        column: by_plain[plain(column)] for column in stored_columns() if plain(column) in by_plain
    }


def is_focus(columns: Mapping[str, str]) -> bool:
    """Whether the file means to be FOCUS cost and usage, complete or not."""
    names = focus_names(columns)
    return sum(column in names for column in REQUIRED) >= RECOGNISED


def missing_columns(columns: Mapping[str, str]) -> list[str]:
    """Columns without which a line can't be counted."""
    names = focus_names(columns)
    missing = [column for column in REQUIRED if column not in names]
    if not any(column in names for column in PROVIDERS):
        missing.append("ProviderName or ServiceProviderName")
    return missing


def version(columns: Mapping[str, str]) -> str:
    """The FOCUS version whose columns these are: 1.0 to 1.4."""
    names = focus_names(columns)
    if "ProviderName" not in names:
        return "1.4"
    return next((known for known, new in _NEW.items() if any(c in names for c in new)), "1.0")


def column_sql(target: str, column: str, type_: str, is_clean: bool) -> str:
    """SQL of one FOCUS column from the file's column (an expression) of DuckDB type `type_`.

    A column of a type that can't hold it has no value: a file with one is refused before.
    """
    wanted = stored_columns()[target]
    text = column if is_clean else f"case when {column} not in ('', 'NULL') then {column} end"
    if wanted == "TIMESTAMP":
        return _time(column, text, type_, "day_start" if target in PERIOD else "moment")
    if wanted != "VARCHAR":
        return _number(column, text, type_)
    if type_ == "VARCHAR":
        return text
    if type_.startswith("STRUCT") and type_.endswith("[]"):
        return f"label_object(cast(to_json({column}) as varchar))"
    if type_.startswith(("STRUCT", "MAP")) or type_.endswith("]"):
        return f"cast(to_json({column}) as varchar)"
    return f"cast({column} as varchar)"


def fits(type_: str, kind: Kind) -> bool:
    """Whether a column of that DuckDB type can hold such values."""
    return _TYPES[kind].fullmatch(type_) is not None


def _time(column: str, text: str, type_: str, reader: str) -> str:
    if type_ == "VARCHAR":
        return f"{reader}({text})"
    if not fits(type_, "a time"):
        return "cast(null as timestamp)"
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({column}))"
    return f"cast({column} as timestamp)"


def _number(column: str, text: str, type_: str) -> str:
    if type_ == "VARCHAR":
        return f"amount({text})"
    if type_ == "DOUBLE":
        return f"exact({column})"
    if type_ == "FLOAT":
        return f"cast(cast({column} as varchar) as decimal(38, 18))"
    if not fits(type_, "a decimal number"):
        return "cast(null as decimal(38, 18))"
    return f"cast({column} as decimal(38, 18))"
