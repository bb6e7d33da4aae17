"""What people say of an incident, on its page: confirm, dismiss, expect, and take it back."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from actions.errors import ActionError
from actions.feedback import GROWTH, Decision, Incident, Opinion, give, lift, opinions
from actions.feedback import feedback as said
from app.dashboard import data, decide, money, page, visitor

ICONS: Mapping[Decision, str] = {
    "confirmed": ":material/priority_high:",
    "dismissed": ":material/notifications_off:",
    "expected": ":material/event_available:",
}
MONTH = timedelta(days=30)  # what is proposed as the end of something expected


def unsettled(incidents: pl.DataFrame) -> pl.DataFrame:
    """The incidents that nobody dismissed or expects; with a switch, all of them.

    Adds the column `feedback`. Says how many are hidden.
    """
    known = _opinions(incidents)
    settled = {identity for identity, opinion in known.items() if opinion.is_settled}
    words = {identity: opinion.decision for identity, opinion in known.items()}
    found = incidents.with_columns(
        pl.col("id").replace_strict(words, default=None, return_dtype=pl.String).alias("feedback")
    )
    if not settled:
        return found
    is_shown = st.toggle(
        f"Show {len(settled)} dismissed or expected",
        key="anomalies_settled",
        persist_state="session",
        help="Somebody said that these, or earlier ones like them, are harmless or planned.",
    )
    return found if is_shown else found.filter(~pl.col("id").is_in(list(settled)))


def show_if_settled(incidents: pl.DataFrame) -> None:
    """Show dismissed and expected ones if one of these is, so that a link to it works."""
    if any(opinion.is_settled for opinion in _opinions(incidents).values()):
        st.session_state["anomalies_settled"] = True


def unsettled_open(currency: str) -> pl.DataFrame:
    """Open incidents that nobody dismissed or expects, the largest impact first."""
    incidents = data.ask("anomalies", currency=currency).filter("is_open")
    known = _opinions(incidents)
    settled = [identity for identity, opinion in known.items() if opinion.is_settled]
    return incidents.filter(~pl.col("id").is_in(settled))


def feedback(incident: Mapping[str, Any]) -> None:
    """What was said of this incident, and the buttons to say something or take it back."""
    one = Incident.of_row(incident)
    opinion = _opinions_of([one]).get(one.id)
    with st.container(key="incident_feedback"):
        if opinion is not None:
            _show(opinion)
        with st.container(horizontal=True):
            if st.button(
                "Confirm",
                icon=ICONS["confirmed"],
                key=f"confirm_{one.id}",
                help="It is real: it stays in the list, and its alerts go on.",
            ):
                _give(one, "confirmed")
            _dismiss(one)
            _expect(one)


def _show(opinion: Opinion) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = opinion.sentence[:1].upper() + opinion.sentence[1:]
        st.markdown(f"{ICONS[opinion.decision]} {money.markdown(sentence)}")
        if st.button("Take it back", key=f"lift_{opinion.feedback_id}", type="tertiary"):
            try:
                lift(decide.ledger(), opinion.feedback_id, actor=visitor.user(), now=decide.clock())
            except ActionError as error:
                page.problem(error)
            else:
                st.rerun()


def _dismiss(incident: Incident) -> None:
    with st.popover("Dismiss", icon=ICONS["dismissed"]), st.form(f"dismiss_{incident.id}"):
        reason = st.text_input("Why is it harmless?", key=f"dismiss_reason_{incident.id}")
        st.caption(
            "Only this one is dismissed: it is spread over several series."
            if incident.series.is_spread
            else f"Later ones of this service and account that are at most {GROWTH} times as large "
            "per day are dismissed too, and raise no alert."
        )
        if st.form_submit_button("Dismiss it"):
            _give(incident, "dismissed", reason)


def _expect(incident: Incident) -> None:
    with st.popover("Expected until", icon=ICONS["expected"]), st.form(f"expect_{incident.id}"):
        until = st.date_input(
            "Until",
            _today() + MONTH,
            min_value=_today() + timedelta(days=1),
            key=f"expect_until_{incident.id}",
            help="First day on which it is no longer expected.",
        )
        reason = st.text_input("Why is it expected?", key=f"expect_reason_{incident.id}")
        if st.form_submit_button("Expect it"):
            _give(incident, "expected", reason, until)


def _give(
    incident: Incident, decision: Decision, reason: str = "", until: date | None = None
) -> None:
    try:
        give(
            decide.ledger(), incident, decision,
            actor=visitor.user(), now=decide.clock(), today=_today(), reason=reason, until=until,
        )  # fmt: skip
    except ActionError as error:
        page.problem(error)
    else:
        st.rerun()


def _opinions(incidents: pl.DataFrame) -> dict[str, Opinion]:
    return _opinions_of([Incident.of_row(row) for row in incidents.iter_rows(named=True)])


def _opinions_of(incidents: list[Incident]) -> dict[str, Opinion]:
    return opinions(incidents, said(decide.ledger()), _today())


def _today() -> date:
    return data.snapshot().as_of.date()
