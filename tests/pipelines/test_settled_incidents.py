"""What somebody said of an incident holds for the advice of the next run too."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from estate import warehouse

from actions.check import checks
from actions.feedback import Decision, Incident, feedback, give
from actions.ledger import open_ledger
from actions.recommend import recommend
from pipelines.assets.recommendations import settled
from warehouse.build import build

AS_OF = datetime(2026, 11, 1)
INCIDENT = {"id": "i1", "cloud": "aws", "account": "shop", "service": "EC2", "currency": "USD",
            "starts_on": date(2026, 10, 20), "ends_on": None, "direction": "up",
            "impact": 300.0}  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "advised"), [(None, 1), ("dismissed", 0), ("expected", 0), ("confirmed", 1)]
)
def test_what_is_dismissed_or_expected_is_no_advice(
    decision: Decision | None, advised: int, tmp_path: Path
) -> None:
    anomaly = {**INCIDENT, "days": 12, "members": 1, "severity": "high"}
    connection = warehouse(models_anomaly=[anomaly], models_anomaly_member=[INCIDENT])
    build(connection, AS_OF)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    if decision is not None:
        give(ledger, Incident.of_row(anomaly), decision, actor="ann", now=AS_OF,
             today=AS_OF.date(), reason="load test", until=date(2027, 1, 1))  # fmt: skip
    found = recommend(
        connection, as_of=AS_OF, snapshot=1,
        settled=settled(connection, feedback(ledger), AS_OF.date()),
        only=[check for check in checks() if check.name == "cost_incident"],
    )  # fmt: skip
    ledger.close()
    assert found.filter(pl.col("check") == "cost_incident").height == advised
