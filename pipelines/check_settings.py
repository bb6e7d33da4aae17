"""The section `checks:` of the settings: other parameters for a check, or none of it, somewhere."""

from typing import Any, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from actions.check import checks
from actions.errors import BadOverride
from actions.override import SCOPE, Override, fitting
from clouds.options import did_you_mean
from pipelines.alert_settings import Narrowing, misplaced


class CheckSettings(Narrowing):
    """Other parameters of one check for all resources that agree with the scope."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str = Field(description="Name of the check; docs/checks.md lists them.")
    cloud: str | None = Field(default=None, description="Only resources of this cloud.")
    account: str | None = Field(default=None, description="Only of this account.")
    region: str | None = Field(default=None, description="Only of this region.")
    team: str | None = Field(default=None, description="Only with this value of the tag team.")
    env: str | None = Field(
        default=None, description="Only with this value of the tag environment or env."
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters by name, as the check's page lists them: {days: 60}.",
    )
    enabled: bool | None = Field(
        default=None, description="false = the check is off there; true = on again."
    )

    @field_validator("cloud")
    @classmethod
    def _is_written_small(cls, name: str | None) -> str | None:
        return name and name.lower()

    @model_validator(mode="before")
    @classmethod
    def _off_is_no_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and False in given:  # YAML reads the word off so
            raise misplaced("'off' or 'no' as a name", "'enabled: false', which turns a check off")
        return given

    @model_validator(mode="after")
    def _fits_its_check(self) -> Self:
        known = {check.name: check for check in checks()}
        if self.check not in known:
            guess = did_you_mean(self.check, sorted(known))
            raise misplaced(f"{self.check!r}{guess}", "the name of a check", "check")
        try:
            fitting(known[self.check], self.params)
        except BadOverride as error:
            raise misplaced(error.found, error.expected, "params", error.name) from None
        if not self.params and self.enabled is None:
            raise misplaced("neither 'params' nor 'enabled'", "at least one of them")
        return self

    @property
    def override(self) -> Override:
        """As the checks take it."""
        scope = {name: value for name in SCOPE if (value := getattr(self, name)) is not None}
        return Override(self.check, scope, dict(self.params), self.enabled)
