import os
import resource
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from staff import NOW, Office, staffed
from test_audit import one_chain

from actions import audit
from actions.apply import apply
from actions.approve import approve
from actions.errors import LedgerUnusable, NotAllowed, SuppressionRefused
from actions.ledger import CHANGES, NEWEST, open_ledger
from actions.rollback import rollback
from actions.suppress import Scope, lift, suppress, suppressions
from actions.tables import change, metadata
from actions.users import add_user, users
from clouds.errors import QuotaExceeded
from warehouse.tables import schema_files

Database = Callable[[], str]  # makes an empty one and returns its address


def test_ledger_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="Give the path of a file"):
        open_ledger("sqlite://")


@pytest.fixture
def others_folder() -> Generator[Path]:
    """A folder that this process may look at, but not write."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def as_somebody_else(folder: Path) -> Generator[None]:
    """Root may write everywhere, so it becomes another user."""
    is_root = os.geteuid() == 0
    folder.chmod(0o755 if is_root else 0o555)
    os.seteuid(65534 if is_root else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        folder.chmod(0o755)


def test_a_ledger_of_somebody_else_can_be_read_and_says_why_it_is_not_written(
    others_folder: Path,
) -> None:
    url = f"sqlite:///{others_folder}/ledger.sqlite"
    ledger = open_ledger(url)
    add_user(ledger, "ann", "admin", actor="ann", now=NOW)
    assert len(users(ledger)) == 1
    with as_somebody_else(others_folder):
        assert [person.name for person in users(open_ledger(url))] == ["ann"]
        with pytest.raises(LedgerUnusable, match=f"{others_folder} is read-only for this user"):
            add_user(open_ledger(url), "bob", "viewer", actor="ann", now=NOW)
    assert [path.name for path in others_folder.iterdir()] == ["ledger.sqlite"]
    add_user(ledger, "bob", "viewer", actor="ann", now=NOW)
    with ledger.write() as writing:
        audit.record(writing, at=NOW, actor="a", action="b", subject="c", details={})
        with as_somebody_else(others_folder):
            assert len(users(open_ledger(url))) == 2, "from the log beside the file"


def test_a_full_disk_is_told(office: Office) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
    try:
        with pytest.raises(LedgerUnusable, match="Look whether its disk is full"):
            suppress(office.ledger, Scope("gp2_volume"), reason="r", actor="ann", now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert suppressions(office.ledger, NOW).is_empty()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(LedgerUnusable, match="Look whether the server runs") as error:
        open_ledger("postgresql://me:hunter2@127.0.0.1:1/ledger")
    assert "hunter2" not in str(error.value)


def test_migrations_make_the_tables_that_the_code_uses(office: Office) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with office.ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == NEWEST


def test_a_ledger_of_a_newer_version_is_refused(office: Office) -> None:
    with office.ledger.write() as connection:
        connection.execute(text("update alembic_version set version_num = '0999'"))
    url = office.ledger.engine.url.render_as_string(hide_password=False)
    with pytest.raises(LedgerUnusable, match=f"revision 0999, and .* up to {NEWEST}"):
        open_ledger(url)


def test_money_keeps_all_digits(office: Office) -> None:
    exact = Decimal("12345678901234567890.123456789012345678")
    where = office.cloud.add("i-1")
    office.plan(
        office.wish(where, "stop", "stopped", saving_month_low=exact, saving_month_high=exact),
        limits=type(office.limits)(max_fleet_share=1, max_saving_month=1e30),
    )
    with office.ledger.read() as connection:
        assert connection.scalar(select(change.c.saving_month_low)) == exact


def test_failed_write_leaves_nothing_behind(office: Office) -> None:
    before = audit.verify(office.ledger)

    def write_half() -> None:
        with office.ledger.write() as connection:
            audit.record(connection, at=NOW, actor="a", action="b", subject="c", details={})
            raise QuotaExceeded("stop here")

    with pytest.raises(QuotaExceeded):
        write_half()
    assert audit.verify(office.ledger) == before


def test_mirror_has_the_columns_of_the_lake_and_the_last_outcome(office: Office) -> None:
    ddl = schema_files()["actions.change"].splitlines()[2:-1]
    assert list(CHANGES) == [line.split()[0] for line in ddl]
    assert office.ledger.changes_frame().is_empty()
    plan = office.approved(
        office.wish(office.cloud.add("i-1"), "stop", "stopped"),
        office.wish(office.cloud.add("i-2"), "stop", "stopped"),
    )
    office.cloud.change("i-2", sku="m5.large")
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    rows = office.ledger.changes_frame().to_dicts()
    assert [(row["outcome"], row["run_id"], row["applied_at"]) for row in rows] == [
        ("applied", run.id, NOW), ("drifted", run.id, None),
    ]  # fmt: skip
    assert rows[0]["plan_status"] == "partly_applied"
    assert rows[0]["saving_month_high"] == Decimal(9)


def test_snapshots_of_plans_are_kept(office: Office) -> None:
    office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"), snapshot=17)
    office.plan(office.wish(office.cloud.add("i-2"), "stop", "stopped"))
    assert office.ledger.snapshots() == {17}


def test_suppression_holds_until_its_day_or_until_it_is_lifted(office: Office) -> None:
    until = date(2026, 11, 3)
    first = suppress(
        office.ledger, Scope(check="idle_instance", env="prod"), reason="launch",
        actor="ann", now=NOW, until=until,
    )  # fmt: skip
    second = suppress(office.ledger, Scope(), reason="audit week", actor="ann", now=NOW)
    assert suppressions(office.ledger, NOW)["id"].to_list() == [first, second]
    on_the_day = datetime(2026, 11, 3)
    just_before = on_the_day - timedelta(seconds=1)
    assert suppressions(office.ledger, just_before)["id"].to_list() == [first, second]
    assert suppressions(office.ledger, on_the_day)["id"].to_list() == [second]
    lift(office.ledger, second, actor="ann", now=NOW)
    assert suppressions(office.ledger, on_the_day).is_empty()


@pytest.mark.parametrize(
    ("reason", "until"), [(" ", None), ("late", date(2026, 10, 31)), ("today", NOW.date())]
)
def test_suppression_needs_a_reason_and_a_day_to_come(
    office: Office, reason: str, until: date | None
) -> None:
    with pytest.raises(SuppressionRefused, match="nothing was written"):
        suppress(office.ledger, Scope("idle_instance"), reason=reason, actor="ann", now=NOW,
                 until=until)  # fmt: skip
    assert suppressions(office.ledger, NOW).is_empty()


@pytest.mark.parametrize("scope", [Scope(kind="disk", resource_id=""), Scope(account=" ")])
def test_suppression_of_an_empty_name_is_refused(office: Office, scope: Scope) -> None:
    with pytest.raises(SuppressionRefused, match=r"The (resource|account) is empty"):
        suppress(office.ledger, scope, reason="r", actor="ann", now=NOW)
    assert suppressions(office.ledger, NOW).is_empty()


def test_who_may_only_look_silences_nothing(office: Office) -> None:
    held = suppress(office.ledger, Scope("idle_instance"), reason="r", actor="ann", now=NOW)
    with pytest.raises(NotAllowed, match="'vic' is viewer"):
        suppress(office.ledger, Scope("gp2_volume"), reason="r", actor="Vic", now=NOW)
    with pytest.raises(NotAllowed):
        lift(office.ledger, held, actor="vic", now=NOW)
    assert suppressions(office.ledger, NOW)["id"].to_list() == [held]


def test_whole_gate_works_on_postgresql(postgres_database: Database, tmp_path: Path) -> None:
    ledger = open_ledger(postgres_database())
    office = staffed(ledger, tmp_path)
    plan = office.approved(
        office.wish(office.cloud.add("i-1"), "stop", "stopped"),
        office.wish(office.cloud.add("vol", "disk"), "delete", "absent"),
    )
    with ledger.applying() as right, ledger.applying(wait_seconds=0.1) as second:
        assert (right is None, second) == (False, None)
    run = apply(ledger, plan.id, office.clouds, actor="bob", now=NOW)
    back = rollback(ledger, run.id, office.clouds, author="ann", now=NOW, limits=office.limits)
    approve(ledger, back.id, back.hash, "bob", now=NOW)
    assert apply(ledger, back.id, office.clouds, actor="bob", now=NOW).is_done
    assert [row["plan_status"] for row in ledger.changes_frame().to_dicts()] == [
        "rolled_back", "rolled_back", "applied", "applied",
    ]  # fmt: skip
    found = audit.verify(ledger)
    assert (found.ok, found.events > 10) == (True, True)
    for statement in ("update audit set actor = 'eve'", "delete from audit", "truncate audit"):
        with pytest.raises(DatabaseError, match="never changed"), ledger.write() as connection:
            connection.execute(text(statement))
    ledger.close()


def test_concurrent_writers_keep_one_chain_on_postgresql(
    postgres_database: Database,
) -> None:
    one_chain(postgres_database())


def test_an_address_may_begin_as_libpq_allows(postgres_database: Database) -> None:
    ledger = open_ledger(postgres_database().replace("postgresql://", "postgres://"))
    assert ledger.is_postgres
    ledger.close()
