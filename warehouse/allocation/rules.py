"""Who pays for what: rules in order of precedence, pools that are shared, mark-ups."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Split = Literal["even", "proportional", "fixed"]
Patterns = tuple[str, ...]  # any of them; * stands for any text, ? for one character
Named = tuple[tuple[str, Patterns], ...]  # key (a pattern, too) and patterns of its value

SHARED = "shared"  # the pool of a rule that names none
IDLE = "idle"  # the pool of what clusters have and nobody asks for
COLUMNS = (
    "cloud", "account", "service", "region", "category", "resource", "cluster", "namespace",
    "workload",
)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """Which lines a rule is about: each criterion that is given has to fit."""

    patterns: Named = ()  # by name of COLUMNS
    tags: Named = ()  # of the line on the bill
    labels: Named = ()  # of the workload in Kubernetes


@dataclass(frozen=True)
class Rule:
    """Where the lines go that match: to a team, to the team that a tag names, or to a pool."""

    name: str
    match: Match
    team: str | None = None
    team_tag: str | None = None
    team_label: str | None = None
    pool: str | None = None


@dataclass(frozen=True)
class Pool:
    """How cost that many cause is split; what can't be split stays nobody's."""

    name: str
    split: Split = "proportional"
    over: tuple[str, ...] = ()  # teams; empty = all with cost of their own in the month
    percent: tuple[tuple[str, Decimal], ...] = ()  # by team, 100 together; `fixed` only


@dataclass(frozen=True)
class Markup:
    """What is added to the cost of the lines that match, in per cent; below 0 it is a discount."""

    percent: Decimal
    cloud: Patterns = ()
    service: Patterns = ()
    team: Patterns = ()


@dataclass(frozen=True)
class Rules:
    """All of it; of rules and mark-ups the first that fits counts."""

    rules: tuple[Rule, ...]
    pools: tuple[Pool, ...] = ()
    markups: tuple[Markup, ...] = ()


WITHOUT_SETTINGS = Rules(
    (
        Rule("label team", Match(), team_label="team"),
        Rule("tag team", Match(), team_tag="team"),
    )
)
"""What holds where nobody has written rules: whoever is named by the tag or label `team`."""
