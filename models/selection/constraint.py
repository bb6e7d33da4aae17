"""Requirements as claims about a candidate that are true, false, or unknown where a datum is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from models.selection.requirements import (
    EU,
    FLAGS,
    GLOBS,
    NEAR,
    NUMBERS,
    REGEX,
    SETS,
    Range,
    Requirements,
)

About = Literal["offered", "place", "kind", "priced"]
PLACE = ("cloud", "region", "country", "continent", "carbon_g_kwh", "latency_ms")
KIND = ("price_type", "interruption_percent", "doubtful")


@dataclass(frozen=True)
class Constraint:
    """One claim in SQL; null = unknown.

    `value` is what the candidate has, `distance` by how much it misses a range (null: not a
    number), `wanted` what is asked for. `about` is the table that it judges: most judge an offer or
    a place, of which there are few.
    """

    name: str
    about: About
    holds: str
    value: str
    distance: str
    wanted: str


def constraints(asked: Requirements) -> tuple[Constraint, ...]:
    """One claim per requirement, in a fixed order."""
    return tuple(_all(asked))


def _all(asked: Requirements) -> Iterator[Constraint]:
    for name in SETS:
        if members := asked.sets.get(name):
            column = SETS[name]
            value = f"array_to_string({column}, ' ')" if column == "features" else column
            yield Constraint(
                name, _about(name), _is_one_of(name, members), value, "null", ", ".join(members)
            )
    for name in NUMBERS:
        range_ = asked.ranges.get(name, Range())
        if range_ != Range():
            sql = measured(name, asked)
            yield Constraint(
                name, _about(name), _lies_in(sql, range_), sql, _misses_by(sql, range_), str(range_)
            )
    for name in FLAGS:
        if (is_wanted := asked.flags.get(name)) is not None:
            holds = name if is_wanted else f"not {name}"
            yes = "yes" if is_wanted else "no"
            yield Constraint(name, _about(name), holds, name, "null", yes)


def measured(name: str, asked: Requirements) -> str:
    """SQL: the number that a requirement limits; null = unknown."""
    return NUMBERS[name].sql.replace(NEAR, quoted(asked.near or ""))


def _about(name: str) -> About:
    if name == "price_hour":
        return "priced"
    if name in KIND:
        return "kind"
    return "place" if name in PLACE else "offered"


def quoted(text: str) -> str:
    """The text as a literal of SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _is_one_of(name: str, members: Sequence[str]) -> str:
    column = SETS[name]
    listed = ", ".join(map(quoted, members))
    match name:
        case "features":
            return f"list_has_all(features, [{listed}])"
        case "not_features":
            return f"not list_has_any(features, [{listed}])"
        case "not_instance_type":
            return f"not ({_matches(column, members)})"
        case "country" if EU in members:
            return f"(is_eu or country in ({listed}))"
        case "price_type" if "spot" in members:
            return f"price_type in ({listed}, 'spot_est')"
        case _ if name in GLOBS:
            return f"({_matches(column, members)})"
        case _:
            return f"{column} in ({listed})"


def _matches(column: str, patterns: Sequence[str]) -> str:
    plain = [one for one in patterns if not set("*?[") & set(one) and not one.startswith(REGEX)]
    claims = [f"{column} in ({', '.join(map(quoted, plain))})"] if plain else []
    for one in patterns:
        if one.startswith(REGEX):
            claims.append(f"regexp_matches({column}, {quoted(one.removeprefix(REGEX))})")
        elif one not in plain:
            claims.append(f"{column} glob {quoted(one)}")
    return " or ".join(claims)


def _lies_in(sql: str, wanted: Range) -> str:
    parts = [
        *([f"{sql} >= {wanted.low!r}"] if wanted.low is not None else []),
        *([f"{sql} <= {wanted.high!r}"] if wanted.high is not None else []),
    ]
    return f"({' and '.join(parts)})"


def _misses_by(sql: str, wanted: Range) -> str:
    parts = [
        *([f"{wanted.low!r} - {sql}"] if wanted.low is not None else []),
        *([f"{sql} - {wanted.high!r}"] if wanted.high is not None else []),
    ]
    return f"greatest({', '.join(parts)})::double"
