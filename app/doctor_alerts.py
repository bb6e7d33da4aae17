"""Do alerts get out? Whether rules match something, channels have secrets, and what waits."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from actions.budget import Scope
from actions.errors import ActionError
from app.budgets import unmatched
from app.check import Check
from app.session import Session
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from pipelines.alert_settings import AlertSettings, ChannelSettings, RuleSettings

RECENT = timedelta(days=7)  # what failed longer ago is history
SECRETS = ("url_from", "sign_with", "password_from")


def alert_checks(session: Session) -> Iterator[Check]:
    """One check per channel, and per rule with a filter; none in a home without alerts."""
    alerts = session.settings.alerts
    if alerts is None or not alerts.channels:
        return
    try:
        yield from _checks(session, alerts)
    except (ActionError, WarehouseError):  # the checks of the stores say why
        return


def _checks(session: Session, alerts: "AlertSettings") -> Iterator[Check]:
    rows = _messages(session)
    for channel in alerts.channels:
        mine = [row for row in rows if row["channel"] == channel.name]
        yield _channel(f"alerts {channel.name}", channel, mine)
    for rule in alerts.rules:
        scope = Scope(rule.filter.cloud, rule.filter.account, rule.filter.service)
        if any(vars(scope).values()):
            yield _filter(session, rule, scope)


def _filter(session: Session, rule: "RuleSettings", scope: Scope) -> Check:
    note = unmatched(session, scope, of_payers=rule.kind == "freshness")
    name = f"alert rule {rule.name}"
    if note is None:
        return Check(name, True, "its filter matches what is billed")
    fix = "Correct the filter in the section 'alerts' of instance-select.yaml."
    return Check(name, False, note.removeprefix("Note: "), fix)


def _messages(session: Session) -> list[dict[str, Any]]:
    from app.notify.deliver import utc_now
    from app.notify.outbox import messages

    since = utc_now() - RECENT
    known = messages(session.new_ledger) if session.has_ledger else []
    return [row for row in known if row["created_at"] > since]


def _channel(name: str, channel: "ChannelSettings", rows: Sequence[dict[str, Any]]) -> Check:
    from pipelines.errors import BrokenSettings

    try:
        for secret in (getattr(channel, one, None) for one in SECRETS):
            if secret is not None:
                secret.read()
    except BrokenSettings as error:
        return Check(
            name, False, str(error), f"Then try it: instance-select alerts test {channel.name}"
        )
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        detail = (
            f"{len(failed)} did not get out in 7 days, the last because: {failed[0]['last_error']}"
        )
        fix = (
            f"Try it with: instance-select alerts test {channel.name}. Then send them again with: "
            "instance-select alerts send --again"
        )
        return Check(name, False, detail, fix)
    stuck = [row for row in rows if row["status"] in ("queued", "held") and row["last_error"]]
    if stuck:
        detail = f"{len(stuck)} wait to be tried again because: {stuck[0]['last_error']}"
        return Check(
            name, False, detail, f"Try it with: instance-select alerts test {channel.name}"
        )
    sent = sum(row["status"] == "sent" for row in rows)
    waiting = sum(row["status"] in ("queued", "held") for row in rows)
    return Check(name, True, f"{channel.kind}, {sent} sent in 7 days, {waiting} waiting")
