"""Read a plan of commitments from YAML, and say what is wrong with it."""

from datetime import date
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import BadInput
from models.commitments.replay import Bought

EXAMPLE = """commitments:
  - cloud: aws
    billing_account: '210987654300'
    currency: USD
    price_type: sp_instance_1y
    region: us-east-1
    covers: m5
    hourly: 1.20"""


class Line(BaseModel):
    """One purchase as it is written down."""

    model_config = ConfigDict(extra="forbid")

    cloud: str
    billing_account: str
    currency: str
    price_type: str = Field(pattern=r"^(sp|sp_instance|cud|reservation)_[0-9]+y$")
    region: str | None = None
    covers: str | None = None
    os: str | None = None
    hourly: float | None = Field(default=None, gt=0)
    quantity: float | None = Field(default=None, gt=0)
    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if (self.hourly is None) == (self.quantity is None):
            raise ValueError("says neither hourly nor quantity, or both; one of them is expected")
        if self.quantity is not None and not self.price_type.startswith("reservation"):
            raise ValueError("has a quantity, which only reservations have; say hourly")
        if self.quantity is not None and (self.covers is None or self.region is None):
            raise ValueError("reserves instances; say their type (covers) and region")
        return self


class PlanFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    commitments: list[Line] = Field(min_length=1)


def read_plan(file: Path) -> list[Bought]:
    """The purchases that the file names. Raises `BadInput`."""
    try:
        said: Any = yaml.safe_load(file.read_text())
        plan = PlanFile.model_validate(said)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} can't be read as YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInput(
            f"{file}: {where}: {first['msg']}. A plan looks like this:\n{EXAMPLE}"
        ) from None
    except ValueError as error:  # of YAML: what looks like a date and is none
        raise BadInput(f"{file} can't be read as YAML: {error}") from None
    return [Bought(**line.model_dump()) for line in plan.commitments]
