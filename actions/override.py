"""Parameters of checks that differ for a part of the estate, and checks that are off there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import cast

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from actions.check import FINDING, WINDOWS, Check, Value
from actions.errors import BadOverride

SCOPE = ("cloud", "account", "region", "team", "env")
"""What an override may be limited to; a resource has each of these in marts.resource_now."""
PLACES = (
    "select distinct cloud, account, region, team, env from marts.resource_now"
    " union select cloud, account, coalesce(region, 'global'), null, null from raw.commitment"
    # What a whole account is told is of the region 'global', and a bill may be all we know of it.
    " union select cloud, account, 'global', null, null from marts.resource_now"
    " union select cloud, unnest([account, billing_account]), 'global', null, null"
    " from marts.daily_cost"
)
"""Where something may be found: all of them are asked, as other parameters may find more."""
OWNERS = (
    "select source, cloud, account, resource_id, team, env from marts.resource_now where kind = ?"
)
MOST, MOST_TIME = 10**12, 36_500  # beyond, sums and dates overflow
KEY = ("source", "cloud", "account", "resource_id")


@dataclass(frozen=True)
class Override:
    """Other parameters of one check for all resources that agree with the scope.

    Where several hold for a resource, the later one wins, parameter by parameter.
    """

    check: str
    scope: Mapping[str, str] = field(default_factory=dict[str, str])  # some of SCOPE
    params: Mapping[str, Value] = field(default_factory=dict[str, Value])
    enabled: bool | None = None  # None: as before

    def applied(self, check: Check) -> Check:
        """The check with these parameters. Raises `BadOverride`."""
        return replace(check, params={**check.params, **fitting(check, self.params)})


def fitting(check: Check, params: Mapping[str, object]) -> Mapping[str, Value]:
    """The parameters, if they fit the check. Raises `BadOverride`, which says what fits."""
    fitted: dict[str, Value] = {}
    for name, value in params.items():
        if name not in check.params:
            known = ", ".join(check.params) or "none"
            raise BadOverride(name, f"{check.name} has no parameter {name!r}", f"one of: {known}")
        default = check.params[name]
        if isinstance(default, str):
            fits = _is_pattern(value)
            expected = "a regular expression" if isinstance(value, str) else "a text"
        else:
            most = MOST_TIME if {"days", "hours"} & {*name.split("_")} else MOST
            fits, expected = _is_amount(value, most), f"a number from 0 to {most:,}"
        if not fits:
            raise BadOverride(name, f"{value!r} for {name!r}", f"{expected}, such as {default!r}")
        if name in check.windows and value not in WINDOWS:
            windows = " or ".join(map(str, WINDOWS))
            raise BadOverride(name, f"{value!r} for {name!r}", f"{windows}, over which use is kept")
        if value not in check.choices.get(name, (value,)):
            choices = ", ".join(check.choices[name])
            raise BadOverride(name, f"{value!r} for {name!r}", f"one of: {choices}")
        fitted[name] = cast(Value, value)
    return fitted


def _is_pattern(value: object) -> bool:
    """Whether checks can look for it; a word is a pattern, too."""
    if not isinstance(value, str):
        return False
    try:
        with duckdb.connect() as connection:  # the one of the module is not for many threads
            connection.execute("select regexp_matches('', ?)", [value])
    except duckdb.Error:
        return False
    return True


def _is_amount(value: object, most: int) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= most


def find(
    check: Check, overrides: Sequence[Override], connection: DuckDBPyConnection
) -> pl.DataFrame:
    """What the check finds, each resource judged and titled by the parameters that hold for it."""
    own = [override for override in overrides if override.check == check.name]
    as_shipped = _titled(check, connection)
    if not own:
        return as_shipped
    owners = connection.execute(OWNERS, [check.kind]).pl()
    as_shipped = _placed(as_shipped, owners)
    places = pl.concat([connection.execute(PLACES).pl(), as_shipped.select(SCOPE)])
    found = [as_shipped.clear()]
    for holding in places.select(_holding(own).unique().sort()).to_series():
        these = [override for override, mark in zip(own, holding, strict=True) if mark == "1"]
        if _are_off(these):
            continue
        judged = reduce(lambda so_far, override: override.applied(so_far), these, check)
        rows = _placed(_titled(judged, connection), owners) if these else as_shipped
        found.append(rows.filter(_holding(own) == holding))
    return pl.concat(found).select(*FINDING, "title")


def _titled(check: Check, connection: DuckDBPyConnection) -> pl.DataFrame:
    return check.find(connection).with_columns(pl.lit(check.title).alias("title"))


def _placed(found: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """With the team and environment of each resource, which a finding does not say."""
    return found.join(owners.unique(KEY), on=KEY, how="left")


def _holding(overrides: Sequence[Override]) -> pl.Expr:
    """Which of the overrides hold for a row: a text with 1 or 0 for each, in their order."""
    marks = [
        pl.when(
            pl.all_horizontal(pl.col(name).eq_missing(value) for name, value in o.scope.items())
        )
        .then(pl.lit("1"))
        .otherwise(pl.lit("0"))
        if o.scope
        else pl.lit("1")
        for o in overrides
    ]
    return pl.concat_str(marks).alias("holding")


def _are_off(overrides: Sequence[Override]) -> bool:
    said = [override.enabled for override in overrides if override.enabled is not None]
    return bool(said) and not said[-1]
