"""Let every rule look at the published snapshot. Nothing is computed, and nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from app.notify import anomaly, budget, freshness
from app.notify.finding import Finding, Judge, Place
from pipelines.alert_settings import RuleSettings

JUDGES: Mapping[str, Judge] = {
    "anomaly": anomaly.judge,
    "budget": budget.judge_spent,
    "forecast_breach": budget.judge_breach,
    "freshness": freshness.judge,
}


@dataclass(frozen=True)
class Judged:
    """What one rule found; rules whose tables are missing are not among them."""

    rule: RuleSettings
    findings: Sequence[Finding]


def judge(place: Place, rules: Sequence[RuleSettings]) -> tuple[list[Judged], list[str]]:
    """What each rule found, and why some could not look."""
    judged: list[Judged] = []
    notes: list[str] = []
    for rule in rules:
        try:
            judged.append(Judged(rule, JUDGES[rule.kind](place, rule)))
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            missing = str(error).splitlines()[0]
            notes.append(
                f"The rule {rule.name!r} was left out: the published snapshot lacks its tables "
                f"({missing}). Make them with: instance-select run"
            )
    return judged, notes
