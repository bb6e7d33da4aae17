"""Is everything in place? Each check says what it found and, if that is not good, what to do."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.answer import Answer, time_text
from app.check import Check
from app.doctor_alerts import alert_checks
from app.doctor_overrides import override_checks
from app.errors import AppError
from app.session import Session
from app.words import counted
from warehouse.disk import obstacle

if TYPE_CHECKING:
    from pipelines.settings import SourceSettings

FREE_GIB = 2  # a pipeline run on the demo estate spills at most about this much
MISSED = timedelta(hours=36)  # a daily run that did not come, with some patience
EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs")
PUBLISHED_AT = "select published_at from meta.published order by rowid desc limit 1"


def examine(session: Session) -> Answer:
    """All checks; failed if any is not ok."""
    checks = list(_checks(session))
    failed = not all(check.ok for check in checks)

    def view() -> Iterator[Any]:
        from rich.text import Text

        for check in checks:
            mark = Text("ok  " if check.ok else "NOT ", style="green" if check.ok else "bold red")
            yield mark + Text(f"{check.name}: {check.detail}", style="default")
            if check.fix:
                yield Text(f"      {check.fix}", style="yellow")

    return Answer({"checks": [asdict(check) for check in checks]}, view, failed)


def _checks(session: Session) -> Iterator[Check]:
    yield _python()
    yield _duckdb()
    try:
        settings = session.settings
    except AppError as error:
        yield Check("settings", False, str(error), "Correct them and run doctor again.")
        return
    yield Check("settings", True, f"home {settings.home.resolve()}")
    yield _disk(session)
    yield _asked("ledger", lambda: _ledger(session))
    yield from _sources(session)
    yield from _lake(session)
    yield from override_checks(session)
    yield from alert_checks(session)


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, version, None if ok else "Install Python 3.11 or newer.")


def _duckdb() -> Check:
    from importlib.util import find_spec

    import duckdb

    from warehouse.lake import DUCKDB

    missing = [name for name in EXTENSIONS if find_spec(f"duckdb_extension_{name}") is None]
    if duckdb.__version__ != DUCKDB or missing:
        wanted = [f"duckdb=={DUCKDB}"]
        wanted += [f"duckdb-extension-{name.replace('_', '-')}=={DUCKDB}" for name in missing]
        found = f"{duckdb.__version__}, without {', '.join(missing) or 'nothing'}"
        return Check("duckdb", False, found, f"pip install {' '.join(wanted)}")
    return Check("duckdb", True, f"{DUCKDB} with {', '.join(EXTENSIONS)}")


def _disk(session: Session) -> Check:
    home = session.settings.home.resolve()
    if why := obstacle(home):
        return Check("disk", False, f"{why.partition('. ')[0]}.", f"{why.partition('. ')[2]}.")
    there = home
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free / 2**30
    if free < FREE_GIB:
        fix = f"Make room: at least {FREE_GIB} GiB, or set the home to another disk."
        return Check("disk", False, f"{free:.1f} GiB free for {home}", fix)
    return Check("disk", True, f"{free:.1f} GiB free for {home}")


def _ledger(session: Session) -> str:
    from actions.users import users

    if not session.settings.ledger and not (session.settings.home / "ledger.sqlite").exists():
        return "none yet; the first command that decides something makes it"
    people = users(session.ledger)
    return (
        f"{counted(len(people), 'user')}: {', '.join(person.name for person in people) or 'none'}"
    )


def _sources(session: Session) -> Iterator[Check]:
    if not session.settings.sources:
        fix = "Name them in instance-select.yaml; 'instance-select init' writes one to start from."
        yield Check("sources", True, "none configured; bills come by 'instance-select ingest'", fix)
    for source in session.settings.sources:
        yield from _source(source)


def _source(source: "SourceSettings") -> Iterator[Check]:
    """Whether it can be connected, then each finding of each of its accounts."""
    from clouds.errors import CloudError
    from pipelines.sources import connect_to

    name = f"source {source.name}"
    try:
        cloud = connect_to(source)
        findings = list(cloud.examine())
    except CloudError as error:
        yield Check(name, False, str(error), "Then run: instance-select doctor")
        return
    except Exception as error:  # other people's clouds; its text may hold a secret
        detail = f"the cloud {source.cloud} failed with an unexpected {type(error).__name__}"
        yield Check(name, False, detail, "Tell whoever wrote this cloud.")
        return
    for finding in findings:
        what = " ".join(part for part in (name, finding.account, finding.ability) if part)
        yield Check(what, finding.ok, finding.detail, finding.fix)
    for ability, reason in cloud.cannot.items():
        yield Check(f"{name} {ability}", True, f"not offered: {reason}")


def _lake(session: Session) -> Iterator[Check]:
    from warehouse.errors import NewerTables, NothingPublished, WarehouseError
    from warehouse.tables import schema_files
    from warehouse.upgrade import unknown

    try:
        published = session.lake.published()
        with session.lake.latest() as connection:
            newer = unknown(connection, schema_files())
            [(at,)] = connection.execute(PUBLISHED_AT).fetchall()
        if newer:
            raise NewerTables(session.settings.home, newer)
    except NothingPublished as nothing:
        yield Check("warehouse", False, "nothing published yet", str(nothing))
        return
    except WarehouseError as error:
        yield Check("warehouse", False, str(error), "See the message.")
        return
    detail = f"snapshot {published.snapshot} of {time_text(published.as_of)}"
    yield Check("warehouse", True, detail)
    yield from _missed(at)
    wrong = [*_lost(session), *_older(session)]
    yield from wrong or _freshness(session, published.as_of)


def _missed(published_at: datetime) -> Iterator[Check]:
    """What is late is judged when it is published, so that nothing is where nothing runs."""
    age = datetime.now(UTC).replace(tzinfo=None) - published_at
    if age > MISSED:
        hours = age.total_seconds() / 3600
        ago = f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
        fix = "Run 'instance-select run', or keep 'instance-select serve' running, as it does daily"
        yield Check("last run", False, f"it published {ago} ago; nothing later is known", f"{fix}.")


def _older(session: Session) -> Iterator[Check]:
    """Tables that this version publishes, and that what is published has not."""
    from warehouse.build import find
    from warehouse.tables import tables_of_lake

    with session.lake.reader(session.snapshot) as connection:
        lacks = sorted(find().keys() - tables_of_lake(connection))
    if lacks:
        more = f" and {counted(len(lacks) - 1, 'more table')}" if len(lacks) > 1 else ""
        found = f"what is published lacks {lacks[0]}{more}, as after an upgrade; nothing is lost"
        yield Check("tables", False, found, "instance-select run")


def _lost(session: Session) -> Iterator[Check]:
    """One check per table of which files have gone: whatever reads it fails."""
    from warehouse.lost import lost_files

    with session.lake.reader(session.snapshot) as connection:
        lost = lost_files(connection)
    for table, files in lost.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        fix = "Put them back from a backup, or "
        is_raw = table.startswith("raw.")
        fix += "read everything into a new home" if is_raw else "make it anew: instance-select run"
        yield Check(f"table {table}", False, f"lacks the file {files[0]}{more}", f"{fix}.")


def _freshness(session: Session, as_of: datetime) -> Iterator[Check]:
    """One check per source and kind of reading, against the clock of the sources."""
    from app.rows import read
    from warehouse.errors import OlderTables

    query = (
        "select source, what, age_hours, late_after_hours, is_late, failed from marts.freshness"
        " order by all"
    )
    try:
        known = read(session, query)
    except OlderTables as older:
        yield Check("tables", False, str(older), "instance-select run")
        return
    for one in known:
        name = f"{one['source']} {one['what']}".strip()
        age = one["age_hours"]
        if one["failed"]:
            yield Check(name, False, one["failed"], "Correct it and run: instance-select run")
        elif one["is_late"]:
            limit = f"more than {one['late_after_hours']:.0f} are late"
            fix = "Look whether it still arrives, then run: instance-select run"
            yield Check(name, False, f"{age:.0f} hours old on {as_of:%Y-%m-%d}, {limit}", fix)


def _asked(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, True, ask())
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("actions", "sqlalchemy"):
            raise
        return Check(name, False, str(error).splitlines()[0], "See the message.")
