"""Every setting of the platform, with its unit, default and meaning."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import SettingsError

from pipelines.alert_settings import MOST_HOURS, SECRETS, AlertSettings, misplaced
from pipelines.allocation_settings import AllocationSettings, read_rules
from pipelines.check_settings import CheckSettings
from pipelines.errors import BrokenSettings
from pipelines.settings_file import A_MOMENT, LISTED, Names, described, read_settings_file
from warehouse.settings import LakeSettings

CONFIG_FILE = "instance-select.yaml"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = get_args(Day)
DATABASES = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")
MOST_DAYS = 3_660  # ten years: as_of may lie anywhere in its range and no date overflows


def _written_out(given: Any) -> Any:
    """Pydantic would take a number for seconds since 1970."""
    if isinstance(given, int | float) or (isinstance(given, str) and given.strip().isdigit()):
        raise misplaced(f"{given!r} for 'as_of'", A_MOMENT)
    return given


Moment = Annotated[
    datetime,
    Field(ge=datetime(2000, 1, 1), lt=datetime(2200, 1, 1)),
    BeforeValidator(_written_out),
]
Hours = Annotated[float, Field(gt=0, le=MOST_HOURS)]


class LateSettings(BaseModel):
    """After how many hours what a source tells counts as late."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bills: Hours = Field(default=72, description="Since the last hour of usage billed.")
    inventory: Hours = Field(default=30, description="Since it was read.")
    metrics: Hours = Field(default=30, description="Since the last hour measured.")
    market: Hours = Field(
        default=30, description="Since offers, prices, commitments, invoices were read."
    )

    def after(self, what: str) -> float:
        """Hours for one kind of reading, as named in raw.read."""
        name = {"exports": "bills"}.get(what, what)
        return getattr(self, name, self.market)


class SourceSettings(BaseModel):
    """One configured source: a cloud with its accounts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[^/\\.|][^/\\|]*$",  # a folder and partitions are named after it
        description="Name of the source, as in the column `source`.",
    )
    cloud: str = Field(description="Folder under clouds/ or installed plug-in that reads it.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="Handed to the cloud's connect()."
    )
    late_after_hours: LateSettings = Field(
        default=LateSettings(),
        description="When a check calls it late, for example {bills: 48, metrics: 6}.",
    )
    where: str = Field(
        default="", exclude=True, repr=False, description="File and line, set when it is read."
    )

    @field_validator("options", mode="before")
    @classmethod
    def _none_are_given(cls, value: Any) -> Any:
        return {} if value is None else value


class WindowSettings(BaseModel):
    """The maintenance window of the gate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Day, ...] = Field(
        default=WEEK, min_length=1, description="Days on which it opens, UTC."
    )
    starts_hour: int = Field(ge=0, le=23, description="Hour at which it opens, UTC.")
    ends_hour: int = Field(
        ge=0, le=24,
        description="Hour at which it closes, UTC; not after starts_hour = on the next day.",
    )  # fmt: skip


class Settings(LakeSettings):
    """Read once at start from INSTANCE_SELECT_* variables and the home's instance-select.yaml."""

    ledger: str = Field(
        default="",
        description="Database URL of the ledger (postgresql+psycopg://user@host/db); empty = "
        "SQLite under the home.",
        repr=False,
    )
    as_of: Moment | None = Field(
        default=None,
        description="What counts as now for the pipeline, UTC; empty = the sources' own clock. "
        "Decisions go by real time.",
    )
    sources: tuple[SourceSettings, ...] = Field(default=(), description="What is read and changed.")
    metric_days: int = Field(
        default=32, ge=14, le=MOST_DAYS,
        description="Days of hourly metrics that are read and judged.",
    )  # fmt: skip
    forecast_days: int = Field(
        default=90, ge=31, le=MOST_DAYS, description="Days ahead that are forecast."
    )
    holidays: tuple[str, ...] = Field(
        default=(),
        description="Countries whose public holidays change what working days cost, for example "
        "[DE-BY, US]; none = forecasts know no holidays.",
    )
    max_changes: int = Field(
        default=20, ge=1, le=1_000_000, description="Changes one plan may hold."
    )
    max_fleet_share: float = Field(
        default=0.2, gt=0, le=1,
        description="Share of an account's resources of one kind that one plan may touch.",
    )  # fmt: skip
    max_saving_month: float = Field(
        default=50_000, gt=0, le=1e15,
        description="Money per month, in any currency, one plan may move.",
    )  # fmt: skip
    plan_hours: Hours = Field(
        default=72, description="Hours in which a plan has to be approved before it expires."
    )
    approval_hours: Hours = Field(default=72, description="Hours an approval is valid.")
    stop_after_failures: int = Field(
        default=3, ge=1, le=1_000_000,
        description="Failed changes after which a run leaves the rest alone.",
    )  # fmt: skip
    window: WindowSettings | None = Field(
        default=None,
        description="Hours of the week in which changes of R2 and above may begin, for example "
        "{days: [sat, sun], starts_hour: 22, ends_hour: 4}; none = at any time.",
    )
    checks: tuple[CheckSettings, ...] = Field(
        default=(),
        description="Other parameters of checks, for all or a part of the estate, for example "
        "[{check: unattached_disk, env: dev, params: {days: 14}}]; docs/checks.md explains them.",
    )
    alerts: AlertSettings | None = Field(
        default=None,
        description="Channels and rules of alerts; docs/alerts.md explains them. None = no alerts.",
    )
    allocation: AllocationSettings | None = Field(
        default=None,
        description="Who pays for what; docs/allocation.md explains it. None = whoever the tag or "
        "label `team` names.",
    )
    dashboard_port: int = Field(
        default=8501, ge=1, le=65_535, description="Port of the dashboard on 127.0.0.1."
    )
    dagster_port: int = Field(
        default=3000, ge=1, le=65_535, description="Port of Dagster on 127.0.0.1."
    )

    @field_validator("ledger")
    @classmethod
    def _is_a_database_we_speak(cls, ledger: str) -> str:
        if not ledger:
            return ledger
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        expected = "sqlite:////path/ledger.sqlite or postgresql://user@host/database"
        try:
            url = make_url(ledger)
        except (ArgumentError, ValueError):  # their texts may hold a password
            raise misplaced("something else than an address for 'ledger'", expected) from None
        if url.drivername not in DATABASES:
            raise misplaced(f"an address of {url.drivername!r} for 'ledger'", expected)
        if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
            raise misplaced("no file in the address for 'ledger'", expected)
        return ledger

    @field_validator("data_path")
    @classmethod
    def _is_a_folder_or_in_s3(cls, path: str) -> str:
        scheme, mark, _ = path.partition("://")
        if mark and scheme != "s3":
            raise misplaced(
                f"an address of {scheme!r} for 'data_path'", "a folder or s3://BUCKET/PREFIX"
            )
        return path

    @field_validator("holidays")
    @classmethod
    def _their_calendars_are_known(cls, holidays: tuple[str, ...]) -> tuple[str, ...]:
        if not holidays:  # the calendars of all countries take a while to load
            return holidays
        from models.errors import UnknownCalendar
        from models.forecast.public_holidays import calendar

        for number, code in enumerate(holidays):
            try:
                calendar([code], date(2026, 1, 1), date(2026, 1, 1))
            except UnknownCalendar as error:
                raise misplaced(error.found, error.expected, number) from None
        return holidays

    @field_validator("sources")
    @classmethod
    def _each_has_its_own_name(
        cls, sources: tuple[SourceSettings, ...]
    ) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise PydanticCustomError(
                    "duplicate_source",
                    "two sources are named {name}",
                    {"name": repr(name), "number": number},
                )
        return sources

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger."""
        return self.ledger or f"sqlite:///{self.home.resolve() / 'ledger.sqlite'}"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's storage."""
        return self.home / "dagster"


def load_settings(home: Path | None = None) -> Settings:
    """Settings of one home: its file first, then INSTANCE_SELECT_* variables on top.

    `{home}` in the file stands for the folder it lies in, so that a home can be moved. Raises
    `BrokenSettings`, which names the line or the variable.
    """
    try:
        base = Settings() if home is None else Settings(home=home)
    except (SettingsError, ValidationError) as error:
        raise BrokenSettings(_of_variables(error, _names())) from None
    if "?" in str(base.home.resolve()):
        raise BrokenSettings(
            f"The home {base.home.resolve()} has a question mark in its path, where the addresses "
            "of databases end. Nothing was written; give a folder without one."
        )
    path = base.home / CONFIG_FILE
    if not path.exists():
        return base
    file = read_settings_file(path, base.home, _names())
    try:
        settings = Settings(**{**file.values, **base.model_dump(exclude_unset=True)})
    except ValidationError as error:
        raise file.broken(error, _names()) from None
    if "sources" in base.model_fields_set:
        return settings
    sources = [
        source.model_copy(update={"where": file.where(["sources", number])})
        for number, source in enumerate(settings.sources)
    ]
    return settings.model_copy(update={"sources": tuple(sources)})


def load_rules(path: Path, home: Path) -> AllocationSettings:
    """The allocation of a file that is not the home's own. Raises `BrokenSettings`."""
    return read_rules(path, home, _names())


def _names() -> Names:
    fields = Settings.model_fields
    return Names(
        settings=set(fields) - {"home"},  # the file lies in it
        source=set(SourceSettings.model_fields) - {"where"},
        hidden={*SECRETS, *(name for name, field in fields.items() if not field.repr)},
    )


def _of_variables(error: SettingsError | ValidationError, names: Names) -> str:
    if isinstance(error, SettingsError):
        return f"A variable INSTANCE_SELECT_* can't be read: {error}. A list must be JSON."
    return "\n".join(_of_variable(problem, names) for problem in error.errors())


def _of_variable(problem: ErrorDetails, names: Names) -> str:
    location, told, expected = described(problem, names)
    return (
        f"The variable INSTANCE_SELECT_{str(location[0]).upper()} does not fit: found {told}, "
        f"expected {expected}. Correct or unset it; {LISTED}."
    )
