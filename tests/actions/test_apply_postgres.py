"""A ledger in PostgreSQL whose connections break while plans are applied."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from staff import NOW, Office, staffed

from actions.apply import apply
from actions.errors import LedgerUnusable
from actions.ledger import open_ledger
from actions.rollback import rollback
from actions.run import runs


@pytest.fixture
def office(postgres_database: Callable[[], str], tmp_path: Path) -> Iterator[Office]:
    ledger = open_ledger(postgres_database())
    yield staffed(ledger, tmp_path)
    ledger.close()


def drop_connections(office: Office) -> None:
    url = office.ledger.engine.url
    server = url.set(drivername="postgresql", database="postgres").render_as_string()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            [url.database],
        )


def at(office: Office, call: str, name: str, then: Callable[[], None]) -> None:
    """Do something ahead of one call to the cloud, once."""

    def before(found: str, resource_id: str) -> None:
        if (found, resource_id) == (call, name):
            office.cloud.before = lambda call, resource_id: None
            then()

    office.cloud.before = before


@pytest.mark.parametrize("moment", ["observe", "stop", "after stop"])
def test_an_apply_that_loses_its_ledger_is_gone_on_with(office: Office, moment: str) -> None:
    machines = [office.cloud.add(f"i-{number}") for number in range(3)]
    plan = office.approved(*(office.wish(where, "stop", "stopped") for where in machines))
    at(office, moment, "i-1", lambda: drop_connections(office))
    with pytest.raises(LedgerUnusable, match="apply the plan once more"):
        apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    assert run.is_done
    assert [effect[2] for effect in office.cloud.effects()] == ["i-0", "i-1", "i-2"]
    back = rollback(
        office.ledger, run.id, office.clouds, author="ann", now=NOW, limits=office.limits
    )
    assert len(back.changes) == 3


def test_who_lost_the_right_to_apply_says_nothing_of_what_another_process_made(
    office: Office,
) -> None:
    machines = [office.cloud.add(f"i-{number}") for number in range(2)]
    plan = office.approved(*(office.wish(where, "stop", "stopped") for where in machines))

    def another_applies() -> None:
        drop_connections(office)
        other = open_ledger(office.ledger.engine.url.render_as_string())
        assert apply(other, plan.id, office.clouds, actor="bob", now=NOW).is_done

    at(office, "observe", "i-1", another_applies)
    with pytest.raises(LedgerUnusable, match="right to apply alone"):
        apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    assert len(office.cloud.effects()) == 2
    [run] = runs(office.ledger)
    assert [(step.outcome, step.is_ours) for step in run.steps] == [("applied", True)] * 2
