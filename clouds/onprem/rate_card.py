"""What our own machines cost: a YAML file of rates, each valid for a span of days."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clouds.errors import Unreadable

Money = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=9)]
Share = Annotated[Decimal, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(_Strict):
    """Days on which something holds: from `valid_from` on, before `valid_to`."""

    valid_from: date
    valid_to: date | None = None  # the first day on which it does not hold; null = still valid

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} must be after valid_from {self.valid_from}")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether the day lies in the span."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Rates(Span):
    """What one host costs, and how much it has to give. Money in the card's currency."""

    capex: Money  # purchase, spread evenly over the life time
    lifetime_months: int = Field(gt=0)
    power_watts: Share  # average draw
    price_kwh: Money
    pue: Annotated[Decimal, Field(ge=1)] = Decimal(1)  # power of the building per power of the host
    space_month: Money = Decimal(0)
    staff_month: Money = Decimal(0)
    vcpus: int = Field(gt=0)
    memory_gib: Annotated[Decimal, Field(gt=0)]


class SharedCost(Span):
    """A cost of all hosts together, spread over those in use by their weight."""

    name: str
    month: Money


class Host(_Strict):
    """One host: rates of its own, or those of its class."""

    name: str
    of_class: str | None = Field(default=None, alias="class")
    region: str | None = None
    weight: Share = Decimal(1)  # of the shared costs
    in_use_from: date | None = None  # null = as long as its rates hold
    in_use_until: date | None = None  # the first day on which it is gone
    rates: tuple[Rates, ...] = ()


class Allocation(_Strict):
    """How a host's cost is split before it is given to domains by vCPU and by memory."""

    vcpu: Share = Decimal(70)
    memory: Share = Decimal(30)

    @model_validator(mode="after")
    def _is_a_hundred(self) -> Self:
        if self.vcpu + self.memory != 100:
            raise ValueError(f"vcpu and memory add up to {self.vcpu + self.memory}, expected 100")
        return self


class RateCard(_Strict):
    """The whole file."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    allocation: Allocation = Allocation()  # per cent
    shared: tuple[SharedCost, ...] = ()
    classes: dict[str, tuple[Rates, ...]] = {}
    hosts: tuple[Host, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [host.name for host in self.hosts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"hosts named twice: {', '.join(twice)}")
        for name, rates in self.classes.items():
            _refuse_overlaps(f"class {name}", rates)
        for host in self.hosts:
            if bool(host.rates) == (host.of_class is not None):
                raise ValueError(f"host {host.name} needs either a class or rates of its own")
            if host.of_class is not None and host.of_class not in self.classes:
                known = ", ".join(sorted(self.classes)) or "none"
                raise ValueError(
                    f"host {host.name} is of the class {host.of_class!r}; known: {known}"
                )
            _refuse_overlaps(f"host {host.name}", host.rates)
        if self.shared and not any(host.weight for host in self.hosts):
            raise ValueError("shared costs need at least one host with a weight above 0")
        return self

    def rates(self, host: Host, day: date) -> Rates | None:
        """What the host costs on that day; null = nothing is known, so nothing is charged."""
        if host.in_use_from is not None and day < host.in_use_from:
            return None
        if host.in_use_until is not None and day >= host.in_use_until:
            return None
        choices = self.classes[host.of_class] if host.of_class else host.rates
        return next((rates for rates in choices if rates.holds_on(day)), None)

    def first_day(self) -> date:
        """The first day on which anything may cost something."""
        spans = [rates for host in self.hosts for rates in host.rates]
        spans += [rates for choices in self.classes.values() for rates in choices]
        return min(span.valid_from for span in spans)


def read_rate_card(path: Path) -> RateCard:
    """The validated file. Raises `Unreadable` with each mistake and where it is."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(
            f"The rate card {path} can't be read: {error.strerror}. "
            "Correct the option 'rate_card' of the source."
        ) from error
    try:
        return parse_rate_card(text)
    except (yaml.YAMLError, ValidationError) as error:
        raise Unreadable(f"The rate card {path} is not valid: {_mistakes(error)}.") from error


def parse_rate_card(text: str) -> RateCard:
    """Numbers keep their decimals as written. Raises `YAMLError` or `ValidationError`."""
    return RateCard.model_validate(yaml.load(text, _DecimalLoader))


class _DecimalLoader(yaml.SafeLoader):
    """Reads 0.28 as the decimal it is, not as the nearest binary fraction."""


def _decimal(loader: yaml.SafeLoader, node: yaml.Node) -> Decimal:
    return Decimal(str(node.value).replace("_", ""))


_DecimalLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def _refuse_overlaps(whose: str, rates: Sequence[Rates]) -> None:
    ordered = sorted(rates, key=lambda each: each.valid_from)
    for one, other in pairwise(ordered):
        if one.valid_to is None or one.valid_to > other.valid_from:
            raise ValueError(
                f"{whose}: the rates from {one.valid_from} and from {other.valid_from} overlap; "
                "give the earlier ones a valid_to"
            )


def _mistakes(error: yaml.YAMLError | ValidationError) -> str:
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"])))
        for each in error.errors()
    )
