"""Plans: what will change, who agreed to it, what came of it, and how to put it back?"""

from collections.abc import Callable

import polars as pl
import streamlit as st

from actions import plan as planning
from actions.approve import approvals, standing
from actions.planned import Plan
from actions.rollback import has_way_back
from actions.run import Run, runs
from actions.standing import Approval, people_needed
from app.dashboard import data, decide, money, page, plan_dialogs, plan_text, visitor
from app.words import counted
from warehouse.errors import OlderTables

LISTED = 200


def plans() -> None:
    """The whole page."""
    page.header(
        "Plans", "What will change, who agreed to it, what came of it, and how to put it back?"
    )
    listed = planning.plans(decide.ledger(), decide.clock(), newest=LISTED)
    if not listed:
        page.empty(
            "There are no plans yet.",
            "A plan is a frozen list of changes. Select some recommendations and make one; nothing "
            "changes before somebody has approved it.",
        )
        st.page_link(
            "views/recommendations.py", label="To the recommendations", icon=":material/savings:"
        )
        return
    chosen = _list(listed)
    if chosen is None:
        return
    with st.container(border=True):
        _detail(chosen)


def _list(listed: list[Plan]) -> Plan | None:
    """The list, and the plan that is chosen in it; none is while a link leads to another."""
    ids = [plan.id for plan in listed]
    wanted = _wanted()
    first = ids.index(wanted) if wanted in ids else None if wanted else 0
    if first is None:
        st.warning(
            f"There is no plan {money.markdown(str(wanted))} among the {LISTED} newest of this "
            "home. Choose one of those below, or look at the link again.",
            icon=":material/search_off:",
        )
    frame = pl.DataFrame(
        [
            {
                "id": plan.id,
                "state": plan_text.STATUS[plan.status].words,
                "title": plan.title,
                "changes": len(plan.changes),
                "risk": plan.risk,
                "saves": plan_text.saving(plan),
                "author": plan.author,
                "created_at": plan.created_at,
            }
            for plan in listed
        ]
    )
    rows = page.table(
        frame,
        key=f"plans_instead_of_{wanted}"
        if first is None
        else f"plans_list_{st.session_state.get('plans_followed')}",
        alt="Plans, the newest first",
        select="single-row" if first is None else "single-row-required",
        preselect=[] if first is None else [first],
        columns={
            "state": st.column_config.TextColumn("State"),
            "title": st.column_config.TextColumn("Plan", width="large"),
            "changes": st.column_config.NumberColumn("Changes", width="small"),
            "risk": st.column_config.TextColumn("Risk", width="small"),
            "saves": st.column_config.TextColumn("Saves per month"),
            "author": st.column_config.TextColumn("Made by"),
            "created_at": st.column_config.DatetimeColumn("Made (UTC)", format="D MMM YYYY HH:mm"),
            "id": st.column_config.TextColumn("Id"),
        },
        rows=6,
    )
    place = rows[0] if rows else first
    if place is None:
        return None
    chosen = listed[place]
    _show(chosen.id)
    if first is None:
        st.rerun()  # into the list itself, so that the next choice is not lost
    return chosen


def _wanted() -> str | None:
    """The plan to show: that of a link, or of the browser's way back, else the one before."""
    linked = st.query_params.get("plan")
    if linked is not None and linked != st.session_state.get("plans_shown"):
        st.session_state["plan"] = st.session_state["plans_shown"] = linked
        st.session_state["plans_followed"] = st.session_state.get("plans_followed", 0) + 1
    return st.session_state.get("plan")


def _show(plan_id: str) -> None:
    """Keep in the address and for this visitor which plan is shown."""
    for state in (st.session_state, st.query_params):
        state["plan"] = plan_id
    st.session_state["plans_shown"] = plan_id


def _detail(plan: Plan) -> None:
    made = runs(decide.ledger(), plan.id)
    decided = approvals(decide.ledger(), plan.id)
    status = plan_text.STATUS[plan.status]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(money.markdown(plan.title), anchor=False, width="stretch")
        st.badge(status.words, icon=status.icon, color=status.colour)
        st.badge(f"Risk {plan.risk}", icon=":material/shield:", color="gray")
    st.caption(
        f"{plan.id}, made by **{money.markdown(plan.author)}** on "
        f"{plan.created_at:%-d %b %Y %H:%M} UTC"
        + (f", on the facts of snapshot {plan.snapshot}" if plan.snapshot else "")
        + (f". Puts back run {plan.undoes_run}" if plan.undoes_run else "")
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Hash of everything below, which is what people approve:", width="content")
        st.code(plan.hash, language=None, wrap_lines=True, width="stretch")
    _decision(plan, made)
    many = len(plan.changes) > 1
    st.markdown(
        f"##### The {len(plan.changes)} changes, in this order" if many else "##### The change"
    )
    st.caption(money.markdown(f"{'Together it' if many else 'It'} {plan_text.effect(plan)}."))
    steps = {step.planned.change.change_id: step for step in (made[0].steps if made else ())}
    names = _account_names()
    for planned in planning.explain(plan):
        step, where = steps.get(planned.change.change_id), planned.change.resource
        with st.expander(plan_text.one_line(planned, step), expanded=len(plan.changes) == 1):
            name = names.get((where.cloud, where.account))
            st.markdown(plan_text.explained(planned, step, name))
    for note in plan.notes:
        st.caption(f":material/info: {money.markdown(note)}")
    _history(plan, decided, made)


def _account_names() -> dict[tuple[str, str], str]:
    """What bills call each account; nothing is known of a snapshot that is too old to tell."""
    try:
        rows = data.ask("account_names").iter_rows()
    except OlderTables:
        return {}
    return {(cloud, account): name for cloud, account, name in rows}


def _decision(plan: Plan, made: list[Run]) -> None:
    """What has to be done next, and the buttons for it."""
    job = decide.job(plan.id)
    if job is not None and job.is_running:
        _progress(plan.id)
        return
    if _has_moved_on(plan, made):
        st.rerun()
    error = decide.trouble(plan.id, visitor.user())
    if error is not None:
        page.problem(error)
    match plan.status:
        case "proposed":
            _to_approve(plan)
        case "approved" | "lapsed":
            _to_apply(plan)
        case "applying":
            _interrupted(plan)
        case "applied" | "partly_applied" | "failed":
            _to_verify(plan, made[0])
        case "rolled_back":
            st.info("Put back: everything looks as it did before.", icon=":material/undo:")
        case "rejected":
            st.info(
                "Rejected: nothing was changed, and it can't be applied.", icon=":material/block:"
            )
        case "expired":
            st.info(
                f"Nobody approved it by {plan.expires_at:%-d %b %Y %H:%M} UTC. Make a new plan: "
                "the resources may have changed.",
                icon=":material/timer_off:",
            )


def _has_moved_on(plan: Plan, made: list[Run]) -> bool:
    """Whether a run began, went on or ended while this page was being drawn."""
    now = planning.load(decide.ledger(), plan.id, decide.clock())
    return now.status != plan.status or runs(decide.ledger(), plan.id, newest=1) != made[:1]


def _to_approve(plan: Plan) -> None:
    where = standing(decide.ledger(), plan.id, decide.clock())
    needed = counted(people_needed(plan.risk), "approval")
    other = " by somebody other than its author" if plan.risk > "R1" else ""
    st.info(
        f"Waiting for approval: {plan.risk} needs {needed}{other}. "
        f"Approved so far by: {money.markdown(', '.join(where.approved_by)) or 'nobody'}. "
        f"Open until {plan.expires_at:%-d %b %Y %H:%M} UTC.",
        icon=":material/hourglass_top:",
    )
    with st.container(horizontal=True):
        if st.button("Approve", type="primary", icon=":material/verified:", key="approve"):
            plan_dialogs.approve(plan)
        _reject_button(plan)
        _rehearse_button(plan)


def _to_apply(plan: Plan) -> None:
    where = standing(decide.ledger(), plan.id, decide.clock())
    if where.is_approved:
        st.success(
            f"Approved by {money.markdown(', '.join(where.approved_by))}. Each resource is looked "
            "at again before it is changed; one that has drifted is left alone.",
            icon=":material/verified:",
        )
    else:
        st.warning(
            f"Not approved any more: {money.markdown(str(where.missing))}.",
            icon=":material/hourglass_top:",
        )
    with st.container(horizontal=True):
        _apply_button(plan, "Apply", lambda: plan_dialogs.apply(plan))
        _reject_button(plan)
        _rehearse_button(plan)


def _interrupted(plan: Plan) -> None:
    st.warning(
        "It is being applied by another process, or was interrupted. Going on is safe: what was "
        "made is not made again.",
        icon=":material/sync_problem:",
    )
    _apply_button(plan, "Go on", lambda: plan_dialogs.start(plan))


def _to_verify(plan: Plan, run: Run) -> None:
    done = plan_text.counts(run)
    say = st.success if plan.status == "applied" else st.warning
    say(
        f"Run {run.id} by {money.markdown(run.actor)}: {done}.",
        icon=plan_text.STATUS[plan.status].icon,
    )
    with st.container(horizontal=True):
        if plan.status != "applied":
            _apply_button(plan, "Apply what is left", lambda: plan_dialogs.apply(plan))
        if st.button(
            "Verify",
            icon=":material/fact_check:",
            key="verify",
            help="Is it as planned, and did it pay?",
        ):
            plan_dialogs.verify(run)
        if any(has_way_back(step) for step in run.steps) and st.button(
            "Undo", icon=":material/undo:", key="undo", help="Makes a plan of the way back"
        ):
            plan_dialogs.undo(plan, run)


def _apply_button(plan: Plan, label: str, apply: Callable[[], object]) -> None:
    """To apply what is approved; to approve it again once its approval has lapsed."""
    if standing(decide.ledger(), plan.id, decide.clock()).is_approved:
        if st.button(label, type="primary", icon=":material/play_arrow:", key="apply"):
            apply()
    elif st.button("Approve", type="primary", icon=":material/verified:", key="approve"):
        plan_dialogs.approve(plan)


def _reject_button(plan: Plan) -> None:
    if st.button("Reject", icon=":material/block:", key="reject"):
        plan_dialogs.reject(plan)


def _rehearse_button(plan: Plan) -> None:
    if st.button(
        "Try without changing",
        icon=":material/science:",
        key="rehearse",
        help="Looks at each resource and says what applying would do now",
    ):
        plan_dialogs.rehearsal(plan)


@st.fragment(run_every=0.6)
def _progress(plan_id: str) -> None:
    job = decide.job(plan_id)
    if job is None or not job.is_running:
        st.rerun(scope="app")
        return
    steps = list(job.steps)
    st.progress(
        len(steps) / job.total, f"Applying: {len(steps)} of {job.total} changes are through"
    )
    for step in steps[-5:]:
        st.markdown(plan_text.one_line(step.planned, step))


def _history(plan: Plan, decided: list[Approval], made: list[Run]) -> None:
    with st.expander(
        "History: every decision and change, from the audit log", icon=":material/history:"
    ):
        frame = pl.DataFrame(
            [
                {
                    "number": event.number,
                    "at": event.at,
                    "actor": event.actor,
                    "action": event.action,
                    "subject": event.subject,
                    "details": plan_text.details(event),
                }
                for event in decide.history(plan.id)
            ]
        )
        page.table(
            frame,
            key="plan_history",
            alt="Audit events of this plan, the newest first",
            columns={
                "at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY HH:mm:ss"),
                "actor": st.column_config.TextColumn("Who"),
                "action": st.column_config.TextColumn("What"),
                "subject": st.column_config.TextColumn("On"),
                "details": st.column_config.TextColumn("Details", width="large"),
                "number": st.column_config.NumberColumn("Event", width="small"),
            },
        )
        st.caption(
            f"{counted(len(decided), 'decision')}, "
            f"{counted(len(made), 'run')}. Each event is sealed with the hash of the one "
            "before it; check the seal with `instance-select audit verify`."
        )


plans()
