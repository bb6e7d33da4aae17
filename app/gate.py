"""What the gate needs from this home: limits, chosen recommendations, the size of the fleet."""

from collections.abc import Sequence

import polars as pl

from actions.errors import Unknown
from actions.limits import Fleet, Limits, count_fleet
from app.session import Session
from pipelines.settings import Settings


def limits(settings: Settings) -> Limits:
    """What one plan may hold in this home."""
    return Limits(
        max_changes=settings.max_changes,
        max_fleet_share=settings.max_fleet_share,
        max_saving_month=settings.max_saving_month,
        approval_hours=settings.approval_hours,
    )


def chosen(session: Session, ids: Sequence[str]) -> tuple[pl.DataFrame, Fleet]:
    """Rows of `actions.recommendation` in the order asked for, and how many resources there are.

    Raises `Unknown` for the first id that the published snapshot does not have.
    """
    with session.lake.reader(session.snapshot) as connection:
        found = connection.execute(
            "select * from actions.recommendation where list_contains(?, id)"
            " order by list_position(?, id)",
            [list(ids), list(ids)],
        ).pl()
        fleet = connection.execute("select cloud, account, kind from marts.resource_now").pl()
        missing = [one for one in ids if one not in set(found["id"])]
        if missing:
            known = connection.execute(
                "select id from marts.recommendation_now where status = 'open' order by rank"
            ).fetchall()
            cure = "List them with: instance-select recommendations"
            raise Unknown("recommendation", missing[0], [row[0] for row in known], cure)
    return found, count_fleet(fleet)
