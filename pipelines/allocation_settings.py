"""The section `allocation:` of the settings: who pays for what, and what a unit of work costs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines.alert_settings import Narrowing, misplaced
from pipelines.errors import BrokenSettings
from pipelines.settings_file import Names, read_settings_file
from warehouse.allocation.rules import (
    IDLE,
    SHARED,
    WITHOUT_SETTINGS,
    Markup,
    Match,
    Named,
    Patterns,
    Pool,
    Rule,
    Rules,
    Split,
)

FORBID = ConfigDict(extra="forbid", frozen=True)
Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=9)]


def _listed(given: Any) -> Any:
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list | tuple):
        raise misplaced(f"{given!r}", "a text or a list of texts; write numbers in quotes")
    return given


Globs = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]
GlobsByKey = Annotated[dict[Text, Globs], Field(min_length=1)]


class MatchSettings(Narrowing):
    """Which lines a rule is about; all that is given has to fit, of a list any. * and ? stand."""

    model_config = FORBID

    cloud: Globs | None = None
    account: Globs | None = Field(default=None, description="Id or name.")
    service: Globs | None = None
    region: Globs | None = None
    category: Globs | None = Field(default=None, description="Usage, Purchase, Tax, Credit, ...")
    resource: Globs | None = Field(default=None, description="Name or id.")
    cluster: Globs | None = Field(default=None, description="Of Kubernetes.")
    namespace: Globs | None = None
    workload: Globs | None = Field(default=None, description="Name of the deployment, ...")
    tag: GlobsByKey | None = Field(default=None, description="Key and value.")
    label: GlobsByKey | None = Field(default=None, description="Of the workload in Kubernetes.")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise misplaced("no criterion", "one of: " + ", ".join(type(self).model_fields))
        return self


class ToSettings(BaseModel):
    """Who pays: a team, the team that a tag or label names, or all that share a pool."""

    model_config = FORBID

    team: Text | None = None
    tag: Text | None = Field(default=None, description="Key of the tag that names the team.")
    label: Text | None = Field(default=None, description="Key of the label that names it.")
    shared: Text | None = Field(default=None, description="Name of the pool.")

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_word(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"shared": SHARED} if given == SHARED else {"team": given}
        return given

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        named = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(named) != 1:
            found = " and ".join(repr(name) for name in named) or "nobody"
            raise misplaced(
                found, "a team, 'shared', or one of {tag: KEY}, {label: KEY}, {shared: POOL}"
            )
        if self.shared == IDLE:
            raise misplaced(f"the pool {IDLE!r}", "another one: idle is measured, not matched")
        return self


class RuleSettings(BaseModel):
    """One rule; the first that fits counts."""

    model_config = FORBID

    name: Text | None = Field(default=None, description="Shown beside the cost; else its number.")
    match: MatchSettings | None = Field(
        default=None, description="May be left out where `to` names a tag or label."
    )
    to: ToSettings

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.match is None and self.to.tag is None and self.to.label is None:
            raise misplaced("no 'match'", "one: which lines this rule is about")
        return self


class PoolSettings(BaseModel):
    """How a pool is split; `idle` is what clusters have and no workload asks for."""

    model_config = FORBID

    pool: Text = SHARED
    split: Split = "proportional"
    over: tuple[Text, ...] = Field(default=(), description="Teams; none = all with own cost.")
    percent: dict[Text, Percent] = Field(default={}, description="By team, 100 together.")

    @model_validator(mode="after")
    def _is_split_one_way(self) -> Self:
        total = sum(self.percent.values(), Decimal(0))
        for number, team in enumerate(self.over):
            if team in self.over[:number]:
                raise misplaced(f"the team {team!r} again", "each team once", "over", number)
        if self.split != "fixed" and self.percent:
            raise misplaced(f"'percent' with split {self.split!r}", "split 'fixed'", "percent")
        if self.split == "fixed" and self.over:
            raise misplaced("'over' with split 'fixed'", "the teams in 'percent' only", "over")
        if self.split == "fixed" and total != 100:
            found = f"{total:f} per cent together" if self.percent else "split 'fixed' alone"
            raise misplaced(found, "'percent' of teams that are 100 together", "percent")
        return self


class MarkupSettings(BaseModel):
    """What is added to cost, shown apart from it; the first that fits counts."""

    model_config = FORBID

    percent: Decimal = Field(ge=-100, le=1000, decimal_places=6, description="Below 0: a discount.")
    cloud: Globs | None = None
    service: Globs | None = None
    team: Globs | None = None


class UnitSettings(BaseModel):
    """A unit of work of which the cost is told: a request, a customer, a build."""

    model_config = FORBID

    name: Text
    sql: Text | None = Field(
        default=None, description="On published tables: day, quantity, and team if it is known."
    )
    file: Path | None = Field(default=None, description="CSV file with the same columns.")

    @model_validator(mode="after")
    def _is_counted_one_way(self) -> Self:
        if (self.sql is None) == (self.file is None):
            found = "neither 'sql' nor 'file'" if self.sql is None else "both 'sql' and 'file'"
            raise misplaced(found, "one of the two: where the quantities are")
        return self


class AllocationSettings(BaseModel):
    """Rules, pools, mark-ups and units of work."""

    model_config = FORBID

    rules: tuple[RuleSettings, ...] = Field(
        default=(), description="None = the tag or label `team` names who pays."
    )
    shared: tuple[PoolSettings, ...] = ()
    markup: tuple[MarkupSettings, ...] = ()
    units: tuple[UnitSettings, ...] = ()

    @field_validator("rules", "shared", "markup", "units", mode="before")
    @classmethod
    def _none_are_given(cls, given: Any) -> Any:
        return () if given is None else given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _check_twice(
            "rules", "name", [_name(number, rule) for number, rule in enumerate(self.rules, 1)]
        )
        _check_twice("shared", "pool", [pool.pool for pool in self.shared])
        _check_twice("units", "name", [unit.name for unit in self.units])
        used = {IDLE, *(rule.to.shared for rule in self.rules if rule.to.shared)}
        for number, pool in enumerate(self.shared):
            if pool.pool not in used:
                known = f"one that a rule sends to: {', '.join(sorted(used))}"
                raise misplaced(f"the pool {pool.pool!r}", known, "shared", number, "pool")
        return self

    def compiled(self) -> Rules:
        """The same in the words of the warehouse."""
        rules = tuple(_rule(number, rule) for number, rule in enumerate(self.rules, 1))
        return Rules(
            rules or WITHOUT_SETTINGS.rules,
            tuple(
                Pool(pool.pool, pool.split, pool.over, tuple(pool.percent.items()))
                for pool in self.shared
            ),
            tuple(
                Markup(one.percent, one.cloud or (), one.service or (), one.team or ())
                for one in self.markup
            ),
        )


class _RulesFile(BaseModel):
    """A file with rules to be tried: of all settings only this one is looked at."""

    model_config = ConfigDict(frozen=True)

    allocation: AllocationSettings


def rules_of(settings: AllocationSettings | None) -> Rules:
    """The rules that hold; without the section those of the tag or label `team`."""
    return WITHOUT_SETTINGS if settings is None else settings.compiled()


def read_rules(path: Path, home: Path, names: Names) -> AllocationSettings:
    """The section `allocation:` of any file. Raises `BrokenSettings`, naming the line."""
    if not path.is_file():
        raise BrokenSettings(
            f"There is no file {path}. Write rules under 'allocation:' into one; "
            "docs/allocation.md shows how."
        )
    file = read_settings_file(path, home, names)
    if "allocation" not in file.values:
        raise BrokenSettings(
            f"{path}: found no section 'allocation:', expected one with 'rules:' in it. "
            "docs/allocation.md shows how."
        )
    try:
        return _RulesFile(allocation=file.values["allocation"]).allocation
    except ValidationError as error:
        raise file.broken(error, names) from None


def _rule(number: int, rule: RuleSettings) -> Rule:
    to = rule.to
    match = Match() if rule.match is None else _match(rule.match)
    return Rule(_name(number, rule), match, to.team, to.tag, to.label, to.shared)


def _name(number: int, rule: RuleSettings) -> str:
    return rule.name or f"rule {number}"


def _match(given: MatchSettings) -> Match:
    patterns: list[tuple[str, Patterns]] = []
    for name in MatchSettings.model_fields:
        value = getattr(given, name)
        if name not in ("tag", "label") and value is not None:
            patterns.append((name, value))
    return Match(tuple(patterns), _pairs(given.tag), _pairs(given.label))


def _pairs(given: Mapping[str, Patterns] | None) -> Named:
    return tuple((given or {}).items())


def _check_twice(what: str, field: str, names: Sequence[str | None]) -> None:
    for number, name in enumerate(names):
        if name is not None and name in names[:number]:
            raise misplaced(
                f"the {field} {name!r} again", f"another one for each of '{what}'",
                what, number, field,
            )  # fmt: skip
