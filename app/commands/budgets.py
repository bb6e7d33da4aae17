"""Commands on budgets: set, list, end."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import typer

from app.answer import Answer
from app.command import command
from app.errors import BadInput
from app.session import Actor, Session

PANEL = "Look"
Period = Literal["month", "quarter", "year"]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    budget = typer.Typer(
        help="What may be spent, and how likely that is to be kept.", no_args_is_help=True
    )
    command(
        budget, "set",
        examples=[
            "budget set all --amount 250000 --currency USD",
            "budget set data --amount 90000 --currency EUR --period quarter --account 4711",
        ],
    )(set_one)  # fmt: skip
    command(budget, "list", examples=["budget list", "budget list --json"])(list_all)
    command(budget, "end", examples=["budget end data"])(end)
    app.add_typer(budget, name="budget", rich_help_panel=PANEL)


def set_one(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Replaces a budget of this name.")],
    amount: Annotated[str, typer.Option(metavar="NUMBER", help="Allowed in each period.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="The one the bills are in.")],
    period: Annotated[Period, typer.Option(help="Calendar month, quarter or year.")] = "month",
    cloud: Annotated[str | None, typer.Option(help="Only this cloud.")] = None,
    account: Annotated[str | None, typer.Option(metavar="ID", help="Only this account.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    actor: Actor = None,
) -> Answer:
    """Allow a scope so much effective cost in each period; it counts from the next run on."""
    from actions.budget import Scope, set_budget
    from app.budgets import unmatched

    scope = Scope(cloud, account, service)
    identity = set_budget(
        session.new_ledger, name, scope, amount=_decimal(amount), currency=currency,
        period=period, actor=actor or session.login, now=session.clock,
    )  # fmt: skip
    code, allowed = currency.upper(), _decimal(amount)
    note = unmatched(session, scope, code)
    document = {
        "id": identity, "name": name, **vars(scope), "currency": code, "period": period,
        "amount": allowed, "note": note,
    }  # fmt: skip
    line = f"{identity}: {scope} may cost {allowed:,f} {code} a {period}, from the next run on."
    return Answer({"budget": document}, lambda: [line, note] if note else [line])


def list_all(session: Session) -> Answer:
    """Each budget with what is spent, what is expected, and the chance that it is broken."""
    from actions.budget import budgets
    from app.budgets import MONEY, joined, rows
    from app.exact import exact_rows
    from app.tables import footer, table
    from app.untold_costs import published, sentence

    found = joined(session, budgets(session.ledger).to_dicts())
    warnings: list[str] = []
    if found:
        with session.lake.reader(session.snapshot) as connection:
            warnings = [sentence(row) for row in published(connection)]

    def view() -> list[Any]:
        if not found:
            return ["No budgets. Set one: instance-select budget set NAME --amount N --currency C"]
        columns = [
            "id", "name", "scope", "period", ">allowed", ">spent", ">expected", ">80 % range",
            ">breach", "on", "status",
        ]  # fmt: skip
        return [table(columns, rows(found)), *warnings, footer(session.snapshot)]

    document = {
        "budgets": exact_rows(found, MONEY), "warnings": warnings, "snapshot": session.snapshot,
    }  # fmt: skip
    return Answer(document, view)


def end(
    session: Session,
    budget: Annotated[str, typer.Argument(metavar="NAME", help="Or the id of the budget.")],
    actor: Actor = None,
) -> Answer:
    """End a budget; it is kept in the ledger."""
    from actions.budget import end_budget
    from app.budgets import scope

    was = end_budget(session.ledger, budget, actor=actor or session.login, now=session.clock)
    document = {name: was[name] for name in ("id", "name", "amount", "currency", "period")}
    line = f"{was['name']} ({was['id']}) no longer holds: {scope(was)} could cost"
    return Answer(
        {"budget": {**document, "status": "ended"}},
        lambda: [f"{line} {was['amount']:,f} {was['currency']} a {was['period']}."],
    )


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadInput(
            f"--amount is {text!r}; it must be a number with a point, such as 1250.50."
        ) from None
