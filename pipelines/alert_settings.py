"""The section `alerts:` of the settings: to whom alerts go, about what, and when not."""

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipelines.errors import BrokenSettings

Direction = Literal["up", "down"]
Reading = Literal["bills", "exports", "inventory", "metrics", "market"]
Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$", description="Yours to choose.")
]
Address = Annotated[str, Field(pattern=r"^[^\s@,<>;]+@[^\s@,<>;]+$")]
MOST_HOURS = 87_600  # ten years
OTHER = "other"  # stands for every currency that is not named
SECRETS = ("url", "url_from", "sign_with", "password_from")  # values that no message repeats
FORBID = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def misplaced(found: str, expected: str, *at: str | int) -> PydanticCustomError:
    """An error of several values together; `at` leads to the one that is shown."""
    context = {"found": found, "expected": expected, "at": list(at)}
    return PydanticCustomError("misplaced", "found {found}, expected {expected}", context)


class Narrowing(BaseModel):
    """Each value narrows what is meant, so a name without one would mean more than it says."""

    @model_validator(mode="before")
    @classmethod
    def _each_name_has_a_value(cls, given: Any) -> Any:
        for name, value in given.items() if isinstance(given, dict) else ():
            if value is None and isinstance(name, str):
                raise misplaced("nothing", f"a value for {name!r}, or no such line", name)
        return given


class SecretSettings(BaseModel):
    """Where a secret is: never the secret itself."""

    model_config = FORBID

    env: str | None = Field(default=None, description="Name of the environment variable with it.")
    file: Path | None = Field(default=None, description="File with it.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            found = "neither 'env' nor 'file'" if self.env is None else "both 'env' and 'file'"
            raise misplaced(found, "one of the two: where the secret is")
        return self

    def read(self) -> str:
        """The secret. Raises `BrokenSettings`, which names where it should be."""
        if self.env is not None:
            found = os.environ.get(self.env, "").strip()
            where = f"the variable {self.env}"
        else:
            assert self.file is not None
            where = f"the file {self.file}"
            try:
                found = self.file.read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise BrokenSettings(
                    f"The secret in {where} can't be read ({type(error).__name__}). Put it there, "
                    "readable by whoever sends the alerts."
                ) from None
        if not found:
            raise BrokenSettings(f"There is no secret in {where}. Put it there, and try again.")
        return found


class _ChannelSettings(BaseModel):
    model_config = FORBID

    name: Name
    per_hour: int = Field(
        default=20, ge=1, le=1_000_000,
        description="Most messages in an hour; the rest is summed up in the last of them.",
    )  # fmt: skip


class LogSettings(_ChannelSettings):
    """One line of JSON per alert in a file."""

    kind: Literal["log"]
    file: Path | None = Field(default=None, description="Default: alerts.log in the home.")


class WebhookSettings(_ChannelSettings):
    """One POST with a JSON document per alert."""

    kind: Literal["webhook"]
    url: str | None = Field(
        default=None, pattern=r"^https?://[^\s/]+", repr=False, description="Where it is posted."
    )
    url_from: SecretSettings | None = Field(
        default=None, description="Where the URL is, if it is a secret."
    )
    sign_with: SecretSettings | None = Field(
        default=None, description="Key of the header with the HMAC-SHA256 of the body."
    )

    @model_validator(mode="after")
    def _has_one_url(self) -> Self:
        if (self.url is None) == (self.url_from is None):
            found = "neither 'url' nor 'url_from'" if self.url is None else "'url' and 'url_from'"
            raise misplaced(found, "one of the two")
        return self


class SlackSettings(_ChannelSettings):
    """A Slack-compatible incoming webhook; its URL is a secret."""

    kind: Literal["slack"]
    url_from: SecretSettings = Field(description="Where the URL is.")


class MailSettings(_ChannelSettings):
    """Mail through an SMTP server."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1, description="Of the server.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Default: 587, with tls 465, with none 25."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="none: unencrypted, for a server on this machine."
    )
    user: str | None = Field(default=None, description="To log in with.")
    password_from: SecretSettings | None = Field(default=None, description="Where it is.")
    sender: Address = Field(alias="from", description="Address of the sender.")
    to: tuple[Address, ...] = Field(min_length=1, description="Addresses of the recipients.")

    @model_validator(mode="after")
    def _logs_in_safely(self) -> Self:
        if (self.user is None) != (self.password_from is None):
            raise misplaced("only one of 'user' and 'password_from'", "both or none")
        if self.user is not None and self.security == "none":
            raise misplaced("a user with security 'none'", "starttls or tls: it sends a password")
        return self


ChannelSettings = Annotated[
    LogSettings | WebhookSettings | SlackSettings | MailSettings, Field(discriminator="kind")
]


class QuietSettings(BaseModel):
    """When messages wait."""

    model_config = FORBID

    time_zone: str = Field(default="UTC", description="For example Europe/Berlin.")
    hours: str | None = Field(
        default=None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description="Every day, for example 20:00-07:00.",
    )
    weekends: bool = Field(default=False, description="Also all Saturday and Sunday.")
    critical_passes: bool = Field(default=True, description="Critical alerts do not wait.")

    @field_validator("hours")
    @classmethod
    def _last(cls, hours: str | None) -> str | None:
        begin, end = hours.split("-") if hours else ("", None)
        if begin == end:
            raise misplaced(f"quiet hours that end as they begin, {hours}", "two different times")
        return hours

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            raise misplaced(f"the time zone {name!r}", "one such as Europe/Berlin") from None
        return name


class FilterSettings(Narrowing):
    """What a rule is about; everything that is given has to agree."""

    model_config = FORBID

    cloud: str | None = Field(default=None, description="Only this cloud.")
    account: str | None = Field(default=None, description="Only this account.")
    service: str | None = Field(default=None, description="Only this service.")

    @field_validator("cloud")
    @classmethod
    def _is_written_small(cls, name: str | None) -> str | None:
        return name and name.lower()


class _RuleSettings(BaseModel):
    model_config = FORBID

    name: Name
    channels: tuple[str, ...] = Field(min_length=1, description="Names of channels.")
    filter: FilterSettings = FilterSettings()
    quiet_hours: QuietSettings | None = Field(default=None, description="When its messages wait.")
    repeat_after_hours: float | None = Field(
        default=None, gt=0, le=MOST_HOURS,
        description="Tell again what still goes on; none = never.",
    )  # fmt: skip


class BudgetRule(_RuleSettings):
    """Spending crosses a share of a budget."""

    kind: Literal["budget"]
    at_percent: tuple[Annotated[int, Field(gt=0, le=1000)], ...] = Field(
        default=(50, 80, 100), min_length=1, description="Of the budget; from 100 it is critical."
    )


class AnomalyRule(_RuleSettings):
    """A cost incident begins or ends."""

    kind: Literal["anomaly"]
    at_least: dict[str, Decimal] = Field(
        default={}, description="Money by currency, for example {USD: 500, other: 400}."
    )
    critical_at: dict[str, Decimal] = Field(
        default={}, description="From how much money on it is critical, by currency."
    )
    directions: tuple[Direction, ...] = Field(default=("up",), min_length=1)

    @field_validator("at_least", "critical_at")
    @classmethod
    def _names_currencies(cls, given: dict[str, Decimal]) -> dict[str, Decimal]:
        for name, amount in given.items():
            is_code = len(name) == 3 and name.isascii() and name.isalpha() and name.isupper()
            if not is_code and name != OTHER:
                raise misplaced(f"the currency {name!r}", f"a code such as USD, or {OTHER}", name)
            if not amount.is_finite() or amount < 0:
                raise misplaced(f"{amount}", "an amount of 0 or more", name)
        return given


class FreshnessRule(_RuleSettings):
    """What a source tells is too old."""

    kind: Literal["freshness"]
    after_hours: float | None = Field(
        default=None, gt=0, le=MOST_HOURS,
        description="Age; none = late_after_hours of the source.",
    )  # fmt: skip
    what: tuple[Reading, ...] = Field(default=("bills",), min_length=1)

    @model_validator(mode="after")
    def _filters_what_is_told_apart(self) -> Self:
        if self.filter.service is not None:
            raise misplaced("a service", "cloud or account: a bill has all services", "filter")
        if self.filter.account is not None and set(self.what) != {"bills"}:
            raise misplaced(
                f"an account with {list(self.what)}", "what: [bills], as only bills are told by "
                "account, or a filter by cloud alone", "filter",
            )  # fmt: skip
        return self


class ForecastBreachRule(_RuleSettings):
    """A budget will probably be exceeded."""

    kind: Literal["forecast_breach"]
    probability: float = Field(default=0.5, gt=0, le=1, description="From which on it is told.")


RuleSettings = Annotated[
    BudgetRule | AnomalyRule | FreshnessRule | ForecastBreachRule, Field(discriminator="kind")
]


class AlertSettings(BaseModel):
    """Channels, and the rules that use them."""

    model_config = FORBID

    page: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Public address of the dashboard, to which messages link.",
    )
    channels: tuple[ChannelSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [channel.name for channel in self.channels]
        _check_twice("channels", names)
        _check_twice("rules", [rule.name for rule in self.rules])
        for number, rule in enumerate(self.rules):
            for place, name in enumerate(rule.channels):
                if name not in names:
                    known = ", ".join(names) or "none is given yet"
                    raise misplaced(
                        f"the channel {name!r}", f"one of the channels: {known}",
                        "rules", number, "channels", place,
                    )  # fmt: skip
        return self


def _check_twice(what: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise misplaced(
                f"the name {name!r} again", f"another one for each of the {what}",
                what, number, "name",
            )  # fmt: skip
