"""What the gate needs from this home: limits, chosen recommendations, the size of the fleet."""

from collections.abc import Sequence

import polars as pl

from actions.errors import Unknown
from actions.limits import Fleet, Limits, Window, count_fleet
from app.session import Session
from pipelines.settings import WEEK, Settings, WindowSettings


def limits(settings: Settings) -> Limits:
    """What one plan may hold in this home, and how its run behaves."""
    return Limits(
        max_changes=settings.max_changes,
        max_fleet_share=settings.max_fleet_share,
        max_saving_month=settings.max_saving_month,
        plan_hours=settings.plan_hours,
        approval_hours=settings.approval_hours,
        stop_after_failures=settings.stop_after_failures,
        window=_window(settings.window) if settings.window else None,
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
        fleet = connection.execute(
            "select cloud, account, kind, resource_id from marts.resource_now"
        ).pl()
        missing = [one for one in ids if one not in set(found["id"])]
        if missing:
            known = connection.execute(
                "select id from marts.recommendation_now where status = 'open' order by rank"
            ).fetchall()
            cure = "List them with: instance-select recommendations"
            raise Unknown("recommendation", missing[0], [row[0] for row in known], cure)
    return found, count_fleet(fleet)


def _window(window: WindowSettings) -> Window:
    weekdays = tuple(WEEK.index(day) for day in window.days)
    return Window(weekdays, window.starts_hour, window.ends_hour)
