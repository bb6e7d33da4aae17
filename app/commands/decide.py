"""Commands of the gate: plan, approve, reject, apply, verify, rollback."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.answer import Answer
from app.command import command
from app.session import Actor, Session

if TYPE_CHECKING:
    from actions.run import Step

PANEL = "Decide"
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Kept with the decision.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    plan = typer.Typer(help="Freeze recommendations into plans, and explain them.")
    command(
        plan, "create", examples=["plan create --recommendation ID --recommendation ID"]
    )(create)  # fmt: skip
    command(plan, "show", examples=["plan show p1-3f9a2c41"])(show)
    command(plan, "list", examples=["plan list"])(list_plans)
    app.add_typer(plan, name="plan", rich_help_panel=PANEL, no_args_is_help=True)
    command(
        app, "approve", panel=PANEL,
        examples=["approve p1-3f9a2c41 --hash 9b1d... --as maria"],
    )(approve)  # fmt: skip
    command(
        app, "reject", panel=PANEL, examples=['reject p1-3f9a2c41 --reason "needed in January"']
    )(reject)  # fmt: skip
    command(
        app, "apply", panel=PANEL,
        examples=["apply p1-3f9a2c41 --dry-run", "apply p1-3f9a2c41"],
    )(apply)  # fmt: skip
    command(
        app, "verify", panel=PANEL, examples=["verify", "verify p1-3f9a2c41.r1 --json"]
    )(verify)  # fmt: skip
    command(app, "rollback", panel=PANEL, examples=["rollback p1-3f9a2c41.r1"])(rollback)


def create(
    session: Session,
    recommendation: Annotated[
        list[str], typer.Option(metavar="ID", help="Recommendation to plan; repeat for more.")
    ],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the plan.")] = None,
    actor: Actor = None,
) -> Answer:
    """Freeze recommendations into a plan, as the resources look right now. Changes nothing."""
    from actions.approve import standing
    from actions.plan import create as make
    from app.gate import chosen, limits
    from app.plan_answer import plan_answer

    rows, fleet = chosen(session, recommendation)
    plan = make(
        session.new_ledger, rows, session.clouds,
        author=actor or session.login, now=session.clock,
        limits=limits(session.settings), fleet=fleet, title=title,
    )  # fmt: skip
    return plan_answer(plan, standing=standing(session.ledger, plan.id, session.clock))


def show(session: Session, plan: PlanId) -> Answer:
    """Explain a plan: the changes in their order, its hash, approvals and runs."""
    from actions.approve import approvals, standing
    from actions.plan import load
    from actions.run import runs
    from app.plan_answer import plan_answer

    found = load(session.ledger, plan, session.clock)
    return plan_answer(
        found,
        approvals(session.ledger, plan),
        standing(session.ledger, plan, session.clock),
        runs(session.ledger, plan),
    )


def list_plans(session: Session) -> Answer:
    """The newest plans, latest first."""
    from actions.plan import plans
    from app.plan_answer import plan_document
    from app.tables import table

    found = plans(session.ledger, session.clock)
    rows = [(one.id, one.status, one.risk, one.author, one.title) for one in found]
    columns = ["id", "status", "risk", "author", "title"]
    empty = "No plans yet. Make one: instance-select plan create --recommendation ID"
    return Answer(
        {"plans": [plan_document(one) for one in found]},
        lambda: [table(columns, rows) if rows else empty],
    )


def approve(
    session: Session,
    plan: PlanId,
    hash: Annotated[str, typer.Option(help="Hash of exactly the plan you looked at.")],
    reason: Reason = None,
    actor: Actor = None,
) -> Answer:
    """Approve the plan with this hash, as somebody whose role covers its risk."""
    from actions.approve import approve as decide
    from app.gate import limits

    approval = decide(
        session.ledger, plan, hash, actor or session.login,
        now=session.clock, limits=limits(session.settings), reason=reason,
    )  # fmt: skip
    return _decided(session, plan, approval)


def reject(
    session: Session, plan: PlanId, reason: Reason = None, actor: Actor = None
) -> Answer:  # fmt: skip
    """End a plan that has not been applied."""
    from actions.approve import reject as decide

    who = actor or session.login
    return _decided(
        session, plan, decide(session.ledger, plan, who, now=session.clock, reason=reason)
    )


def apply(
    session: Session,
    plan: PlanId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    actor: Actor = None,
) -> Answer:
    """Make the changes of an approved plan, each once, refusing what has drifted."""
    from actions.apply import apply as make
    from app.gate import limits
    from app.plan_answer import run_answer

    def tell(step: "Step") -> None:
        change = step.planned.change
        name = step.planned.name or change.resource.resource_id
        session.say(f"{change.verb} {name}: {step.outcome or step.reason}")

    run = make(
        session.ledger, plan, session.clouds,
        actor=actor or session.login, now=session.clock, dry_run=dry_run,
        progress=tell, limits=limits(session.settings),
    )  # fmt: skip
    return run_answer(run, dry_run=dry_run)


def verify(
    session: Session,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Only this run (default: all).")
    ] = None,
) -> Answer:
    """Look whether changes hold, and what they saved in the bills since."""
    from actions.run import runs
    from actions.verify import verify as look
    from app.plan_answer import verdicts_document
    from app.tables import footer, table

    ids = [run] if run else [one.id for one in runs(session.ledger)]
    found: list[dict[str, Any]] = []
    with session.lake.reader(session.snapshot) as connection:
        for one in ids:
            verdicts = look(session.ledger, one, session.clouds, connection, now=session.clock)
            found += verdicts_document(one, verdicts)
    rows = [(one["run"], one["verb"], one["resource_id"], one["verdict"], one["looks"])
            for one in found]  # fmt: skip
    columns = ["run", "did", "resource", "verdict", "looks"]
    return Answer(
        {"verdicts": found, "snapshot": session.snapshot},
        lambda: [table(columns, rows) if rows else "Nothing has been applied yet.",
                 footer(session.snapshot)],
        failed=any(one["is_as_planned"] is False for one in found),
    )  # fmt: skip


def rollback(session: Session, run: RunId, actor: Actor = None) -> Answer:
    """Plan the way back of a run; the new plan needs its own approval."""
    from actions.approve import standing
    from actions.rollback import rollback as plan_back
    from app.gate import limits
    from app.plan_answer import plan_answer

    plan = plan_back(
        session.ledger, run, session.clouds,
        author=actor or session.login, now=session.clock, limits=limits(session.settings),
    )  # fmt: skip
    return plan_answer(plan, standing=standing(session.ledger, plan.id, session.clock))


def _decided(session: Session, plan: str, approval: Any) -> Answer:
    from actions.approve import standing
    from actions.plan import load

    status = load(session.ledger, plan, session.clock).status
    missing = standing(session.ledger, plan, session.clock).missing
    document = {"approval": approval, "plan": {"id": plan, "status": status}, "missing": missing}
    line = f"{approval.decision.capitalize()} by {approval.user}. Plan {plan} is {status}."
    more = [f"Still missing: {missing}."] if missing and status in ("proposed", "lapsed") else []
    hint = [f"Apply it: instance-select apply {plan}"] if status == "approved" else []
    return Answer(document, lambda: [line, *more, *hint])
