"""The dialogs of a plan's page: each asks once more before something is decided or made."""

from collections.abc import Callable

import streamlit as st

from actions.errors import ActionError
from actions.planned import Plan
from actions.run import Run
from app.dashboard import decide, money, page, plan_text, visitor
from app.words import counted
from clouds.errors import CloudError


@page.dialog("Approve this plan", width="medium", icon=":material/verified:")
def approve(plan: Plan) -> None:
    """Approve exactly the list that is shown, by its hash."""
    st.markdown(
        f"**{money.markdown(plan.title)}**: {counted(len(plan.changes), 'change')} of "
        f"risk {'at most ' if len(plan.changes) > 1 else ''}{plan.risk}; it "
        f"{money.markdown(plan_text.effect(plan))}. You approve exactly this list, as "
        f"**{money.markdown(visitor.user())}**:"
    )
    st.code(plan.hash, language=None, wrap_lines=True)
    reason = st.text_input("Remark for the log (optional)", key=f"remark_{plan.id}")
    if st.button("Approve this hash", type="primary", key="approve_this_hash"):
        _decide(lambda: decide.approve(plan, visitor.user(), reason or None), "Approved")


@page.dialog("Reject this plan", width="medium", icon=":material/block:")
def reject(plan: Plan) -> None:
    """End a plan for good."""
    st.markdown(f"**{money.markdown(plan.title)}** will not be applied. This can't be taken back.")
    reason = st.text_input("Why? (for the log)", key=f"why_{plan.id}")
    if st.button("Reject the plan", type="primary", key="reject_the_plan"):
        _decide(lambda: decide.reject(plan, visitor.user(), reason or None), "Rejected")


@page.dialog("Apply this plan", width="medium", icon=":material/play_arrow:")
def apply(plan: Plan) -> None:
    """Make the changes now."""
    st.markdown(
        f"{counted(len(plan.changes), 'change')} will be made now, one after the other, "
        f"as **{money.markdown(visitor.user())}**. Closing the page does not stop it."
    )
    if st.button("Apply now", type="primary", key="apply_now"):
        start(plan)


@page.dialog("Undo this run", width="medium", icon=":material/undo:")
def undo(plan: Plan, run: Run) -> None:
    """Make a plan of the way back of a run."""
    st.markdown(
        f"A new plan of the way back of **{money.markdown(plan.title)}** will be made. It has to "
        "be approved and applied like any other."
    )
    if st.button("Make the undo plan", type="primary", key="make_undo_plan"):
        try:
            back = decide.undo(run, visitor.user())
        except (ActionError, CloudError) as error:
            page.problem(error)
        else:
            st.session_state["plan"] = back.id
            st.toast(f"Plan {back.id} puts it back", icon=":material/undo:")
            st.rerun()


@page.dialog("Is it as planned, and did it pay?", width="large", icon=":material/fact_check:")
def verify(run: Run) -> None:
    """Look at each resource of a run and at its bills again."""
    try:
        with st.spinner("Looking at each resource and its bills"):
            verdicts = decide.look_twice(run)
    except (ActionError, CloudError) as error:
        page.problem(error)
        return
    if not verdicts:
        st.info("This run made no change.")
    for verdict in verdicts:
        st.markdown(plan_text.one_line(verdict.step.planned, verdict.step))
        st.caption(plan_text.judged(verdict))


@page.dialog("What applying would do now", width="large", icon=":material/science:")
def rehearsal(plan: Plan) -> None:
    """Look at each resource without changing it."""
    try:
        with st.spinner("Looking at each resource"):
            run = decide.rehearse(plan, visitor.user())
    except (ActionError, CloudError) as error:
        page.problem(error)
        return
    for step in run.steps:
        st.markdown(plan_text.one_line(step.planned, step))
        if step.reason:
            st.caption(money.markdown(step.reason))


def start(plan: Plan) -> None:
    """Apply in the background, and show how far it is."""
    decide.start_apply(plan, visitor.user())
    st.rerun()


def _decide(decision: Callable[[], None], done: str) -> None:
    try:
        decision()
    except (ActionError, CloudError) as error:
        page.problem(error)
    else:
        st.toast(done, icon=":material/check:")
        st.rerun()
