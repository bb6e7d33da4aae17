"""A check: one file in actions/checks that finds one kind of waste, described by its header."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Protocol, cast

import polars as pl
from duckdb import DuckDBPyConnection

from actions.errors import BadCheck
from actions.risk import RISKS, VERBS

Value = str | int | float
WINDOWS = (14, 32)
"""Days over which measurements are kept, so all that a parameter of such a window may be."""
_WINDOW = re.compile(r"(?:window_days = |evidence_of\('\w+', )\$(\w+)")
_RULE = re.compile(r"^(?:--|#)\n((?:(?:--|#)[^\n]*\n)+)", re.MULTILINE)
_HEADER = re.compile(
    r"^(?:--|#) (title|kind|verb|risk|about|money|effort|harm|undo|blind|evidence|param (\w+)):"
    r" (.+)$",
    re.MULTILINE,
)

FINDING: Mapping[str, pl.DataType] = {
    "source": pl.String(), "cloud": pl.String(), "account": pl.String(), "region": pl.String(),
    "resource_id": pl.String(), "verb": pl.String(), "before": pl.String(), "after": pl.String(),
    "currency": pl.String(), "saving_month_low": pl.Decimal(38, 18),
    "saving_month_high": pl.Decimal(38, 18), "risk": pl.String(),
    "overload_probability": pl.Float64(), "reason": pl.String(), "missing": pl.String(),
}  # fmt: skip
"""What a check returns, one row per resource. `verb` and `risk` default to the header's; a row that
says what is `missing` is no finding but `insufficient_data`."""
BY_HAND = ("configure", "review")
"""Verbs for what the gate can't do: a setting that somebody changes by hand, or something that
somebody has to look at; so only R0 or R5."""
NEVER_APPLIED = ("R0", "R5")
SAVING = "saving"
ABOUT = (SAVING, "security", "resilience", "governance", "capacity")
"""What a check is good for. One that is not about a saving gives advice: it claims no money."""
MONEY = ("lines", "share")
"""What it saves: lines of the bill that are about nothing else, or a share of the whole bill, which
gets smaller by what other settings of the same resource save."""
EFFORTS = ("low", "medium", "high")
"""Minutes: approve a plan. Hours: by hand, or a restart to be arranged. Days: engineering."""
NEEDED = ("title", "kind", "verb", "risk", "blind", "evidence")
CHOICE = " | "  # between all that a parameter may be, the default first, on one or more lines
SEVERAL_LINES = ("harm", "undo", "blind", "evidence")
REQUIRED = ("source", "cloud", "account", "region", "resource_id", "before", "after", "reason")


class Find(Protocol):
    """The one function of a check that is a Python file."""

    def __call__(self, connection: DuckDBPyConnection, **params: Value) -> pl.DataFrame:
        """Rows with columns of `FINDING`."""
        ...


@dataclass(frozen=True)
class Check:
    """One file of actions/checks."""

    name: str
    headline: str  # what the reader gains, imperative; {days} stands for the parameter
    kind: str
    verb: str
    risk: str
    params: Mapping[str, Value]
    blind: str  # what it can't see
    rule: str  # the rule, where its thresholds come from, and the data it needs
    evidence: str  # a query with {cloud}, {account}, {resource_id} and {after} in it
    sql: str | None  # None: a Python file
    about: str = SAVING  # one of ABOUT
    money: str = MONEY[0]  # one of MONEY
    effort: str | None = None  # one of EFFORTS; None: as usual for the verb and risk
    harm: str | None = None  # what could go wrong; None: as usual
    undo: str | None = None  # how it is taken back; None: as usual
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """All that a parameter may be, of those that are one of a few texts."""

    @property
    def title(self) -> str:
        """What the reader gains, by the parameters as they are."""
        return self.headline.format_map(self.params)

    @property
    def windows(self) -> frozenset[str]:
        """The parameters that have to be one of `WINDOWS`."""
        return frozenset(_WINDOW.findall(self.sql or ""))

    def find(self, connection: DuckDBPyConnection) -> pl.DataFrame:
        """Run it: all columns of `FINDING`, in that order. Raises `BadCheck`."""
        if self.sql is not None:
            found = connection.execute(self.sql, dict(self.params)).pl()
        else:
            module = import_module(f"actions.checks.{self.name}")
            found = cast(Find, module.find)(connection, **self.params)
        return self._complete(found)

    def _complete(self, found: pl.DataFrame) -> pl.DataFrame:
        unknown = [name for name in found.columns if name not in FINDING]
        absent = [name for name in REQUIRED if name not in found.columns]
        if unknown or absent:
            raise BadCheck(
                self.name,
                f"its columns {', '.join(unknown or absent)} are "
                f"{'unknown' if unknown else 'missing'}",
                f"A check returns: {', '.join(FINDING)}; needed are {', '.join(REQUIRED)}.",
            )
        defaults = {"verb": self.verb, "risk": self.risk}
        return found.select(
            (pl.col(name) if name in found.columns else pl.lit(defaults.get(name)))
            .cast(kind)
            .alias(name)
            for name, kind in FINDING.items()
        )


def checks() -> list[Check]:
    """All checks, by name: the files of the folder are the list."""
    return [*_found()]


@cache
def _found() -> tuple[Check, ...]:
    folder = files("actions") / "checks"
    texts = {
        file.name: file.read_text()
        for file in folder.iterdir()
        if file.name.endswith((".sql", ".py")) and not file.name.startswith("_")
    }
    return tuple(parse(name, text) for name, text in sorted(texts.items()))


def parse(file: str, text: str) -> Check:
    """A check from its file's name and text. Raises `BadCheck` with what its header lacks."""
    name, _, ending = file.rpartition(".")
    facts: dict[str, str] = {}
    params: dict[str, Value] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for key, param, value in _HEADER.findall(text):
        if param and (CHOICE in value or param in choices):
            choices[param] = (*choices.get(param, ()), *value.split(CHOICE))
            params[param] = choices[param][0]
        elif param:
            params[param] = _value(value)
        elif key in SEVERAL_LINES and key in facts:
            facts[key] += f" {value}"
        else:
            facts[key] = value
    absent = [key for key in NEEDED if key not in facts]
    if absent:
        lacking = ", ".join(absent)
        raise BadCheck(name, f"its header lacks {lacking}", "See docs/add-a-check.md.")
    if facts["verb"] not in (*VERBS, *BY_HAND) or facts["risk"] not in RISKS:
        raise BadCheck(
            name, f"verb {facts['verb']!r} or risk {facts['risk']!r} is unknown",
            f"Verbs: {', '.join((*VERBS, *BY_HAND))}. Risks: {', '.join(RISKS)}.",
        )  # fmt: skip
    if facts.get("about", SAVING) not in ABOUT:
        raise BadCheck(
            name, f"it is about {facts['about']!r}", f"A check is about one of: {', '.join(ABOUT)}."
        )  # fmt: skip
    if facts.get("money", MONEY[0]) not in MONEY:
        raise BadCheck(
            name, f"its money is {facts['money']!r}", f"Its money is one of: {', '.join(MONEY)}."
        )  # fmt: skip
    if facts.get("effort", EFFORTS[0]) not in EFFORTS:
        raise BadCheck(
            name, f"its effort is {facts['effort']!r}", f"Efforts: {', '.join(EFFORTS)}."
        )  # fmt: skip
    if facts["verb"] in BY_HAND and facts["risk"] not in NEVER_APPLIED:
        raise BadCheck(
            name, f"the gate can't {facts['verb']}, but its risk is {facts['risk']}",
            f"What is made by hand has one of: {', '.join(NEVER_APPLIED)}.",
        )  # fmt: skip
    sql = text if ending == "sql" else None
    headline = facts.pop("title")
    check = Check(
        name, headline, **facts, params=params, choices=choices, rule=_rule(text), sql=sql
    )
    try:
        _ = check.title
    except (KeyError, ValueError, IndexError) as error:
        raise BadCheck(
            name, f"its title {headline!r} names something else than a parameter ({error})",
            f"Parameters: {', '.join(params) or 'none'}.",
        ) from error  # fmt: skip
    return check


def _rule(text: str) -> str:
    """The comment under the header, as one text."""
    found = _RULE.search(text)
    lines = found[1].splitlines() if found else []
    return " ".join(line.lstrip("-# ") for line in lines)


def _value(text: str) -> Value:
    text = text.split(" #")[0].strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
