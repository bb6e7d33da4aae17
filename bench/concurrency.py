"""One pipeline writing, four readers and two ledger writers at once, as processes, for a minute.

The pipeline ingests a new version of the bill, in which every line costs one more than before,
builds all marts in its two transactions and publishes; the first and every tenth time it is a whole
run. A reader attaches at the published snapshot and asks the lines and every mart what a line
costs: a torn read is two answers. Passes without an error, a torn read or a lost ledger event.
"""

import argparse
import csv
import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path
from time import monotonic, perf_counter, sleep
from traceback import format_exc
from typing import Any

from actions import audit
from actions.ledger import open_ledger
from actions.suppress import Scope, suppress
from pipelines.settings import Settings
from warehouse.build import build, find
from warehouse.ingest.load import ingest
from warehouse.lake import Lake

THINK = 0.3  # seconds a person or a job waits before it comes again
RESOURCES = 50
FIRST_DAY = date(2026, 1, 1)
DAYS = 59
AS_OF = datetime(2026, 3, 1)
# Each asks one table what a line costs; all must say the same.
QUESTIONS = {
    "raw.focus": "select sum(EffectiveCost) / count(*) from raw.focus",
    "raw.billing_manifest": "select sum(effective_cost) / sum(rows) from raw.billing_manifest"
    " where status = 'loaded'",
    **{
        f"marts.{mart}": f"select sum(effective_cost) / {RESOURCES * DAYS} from marts.{mart}"
        for mart in ("daily_cost", "monthly_cost", "resource_cost", "tagset_cost",
                     "resource_cost_daily", "unallocated_cost")
    },
    "marts.forecast_daily": f"select sum(actual) / {RESOURCES * DAYS} from marts.forecast_daily",
    "marts.overview": f"select sum(last_month) / {RESOURCES * 28} from marts.overview",
}  # fmt: skip

Report = dict[str, Any]
Role = Callable[[Path, float, int, Report], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--ledger-writers", type=int, default=2)
    parser.add_argument("--whole-every", type=int, default=10, help="0: never a whole run")
    given = parser.parse_args()
    roles: Sequence[tuple[str, Role, int]] = [
        ("pipeline", partial(write, whole_every=given.whole_every), 1),
        ("reader", read, given.readers), ("ledger writer", decide, given.ledger_writers),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lake = Lake(_settings(home))
        _fill(home, lake, 1, is_whole=given.whole_every > 0)
        lake.close()
        reports = _all_at_once(home, given.seconds, roles)
        events = audit.verify(open_ledger(_settings(home).ledger_url))
    written = sum(r["done"] for r in reports if r["role"] == "ledger writer")
    raise SystemExit(_judge(reports, events.ok, events.events - written))


def _all_at_once(
    home: Path, seconds: float, roles: Sequence[tuple[str, Role, int]]
) -> list[Report]:
    """Start every process, wait for all, and collect what each has to say."""
    spawn = multiprocessing.get_context("spawn")  # never fork with an open catalogue
    reports: Queue[Report] = spawn.Queue()
    ready = spawn.Barrier(sum(count for _, _, count in roles))  # importing takes seconds
    processes = [
        spawn.Process(target=_told, args=(name, role, home, seconds, number, ready, reports))
        for name, role, count in roles
        for number in range(count)
    ]
    for process in processes:
        process.start()
    found = [reports.get(timeout=seconds + 600) for _ in processes]
    for process in processes:
        process.join()
    return sorted(found, key=lambda report: (report["role"], report["number"]))


def _told(
    name: str, role: Role, home: Path, seconds: float, number: int, ready: Any, to: Any
) -> None:
    """Run one role and report how it went, whatever happens."""
    report: Report = {"role": name, "number": number, "done": 0, "error": None, "torn": 0}
    ready.wait()
    started = perf_counter()
    try:
        role(home, monotonic() + seconds, number, report)
    except Exception:
        report["error"] = format_exc()
    report["seconds"] = perf_counter() - started
    to.put(report)


def write(home: Path, until: float, number: int, report: Report, *, whole_every: int) -> None:
    """The pipeline: ingest a dearer bill, build, publish; again and again."""
    lake = Lake(_settings(home))
    while monotonic() < until:
        report["done"] += 1
        is_whole = whole_every > 0 and report["done"] % whole_every == 0
        _fill(home, lake, report["done"] + 1, is_whole=is_whole)


def read(home: Path, until: float, number: int, report: Report) -> None:
    """Attach at what is published, ask every table, compare."""
    lake = Lake(_settings(home))
    versions: set[float] = set()
    while monotonic() < until:
        with lake.reader() as connection:
            answers = {
                table: float(connection.execute(question).fetchall()[0][0])
                for table, question in QUESTIONS.items()
            }
        versions |= set(answers.values())
        if len(set(answers.values())) > 1:
            report["torn"] += 1
            report["error"] = f"torn read: {answers}"
        report["done"] += 1
        sleep(THINK)
    report["versions"] = len(versions)


def decide(home: Path, until: float, number: int, report: Report) -> None:
    """Write to the ledger and its audit chain."""
    ledger = open_ledger(_settings(home).ledger_url)
    while monotonic() < until:
        scope = Scope(resource_id=f"i-{number}-{report['done']}")
        now = datetime.now(UTC)
        suppress(ledger, scope, reason="benchmark", actor=f"writer-{number}", now=now)
        report["done"] += 1
        sleep(THINK)
    ledger.close()


def _fill(home: Path, lake: Lake, cost: int, *, is_whole: bool) -> None:
    """Ingest and publish, by a whole run or by what it does to the lake."""
    _ingest(home, lake, cost)
    if is_whole:
        lake.close()
        _run(home)
    else:
        _rebuild(lake, cost)


def _run(home: Path) -> None:
    from pipelines.run import run

    report = run(_settings(home))
    bad = [step for step in report.steps if step.status in ("failed", "skipped")]
    assert not bad, bad


def _rebuild(lake: Lake, cost: int) -> None:
    """Build and publish, without Dagster and the models."""
    from pipelines.assets.marts import summaries

    for names in (find().keys() - summaries(), summaries()):
        with lake.write("rebuild") as write:
            build(write.connection, AS_OF, names)
    lake.publish(write.snapshot, AS_OF, f"rebuild {cost}", datetime.now(UTC).replace(tzinfo=None))


def _ingest(home: Path, lake: Lake, cost: int) -> None:
    bill = home / "bill.csv"
    _write_bill(bill, Decimal(cost))
    loaded = ingest(lake, [bill], now=AS_OF + timedelta(seconds=cost)).loaded
    assert {file.status for file in loaded} == {"loaded"}, loaded


def _settings(home: Path) -> Settings:
    return Settings(home=home / "home", as_of=AS_OF)


def _write_bill(path: Path, cost: Decimal) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([
            "BillingAccountId", "SubAccountId", "BillingPeriodStart", "BillingPeriodEnd",
            "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BillingCurrency",
            "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName", "ServiceCategory",
            "RegionId", "ResourceId", "SkuId", "PricingQuantity", "PricingUnit", "Tags",
            "BilledCost", "EffectiveCost", "ListCost", "ContractedCost",
        ])  # fmt: skip
        for day in (FIRST_DAY + timedelta(days=number) for number in range(DAYS)):
            month = day.replace(day=1)
            next_month = (month + timedelta(days=32)).replace(day=1)
            for number in range(RESOURCES):
                rows.writerow([
                    "payer", "shop", month, next_month, day, day + timedelta(days=1), "Usage",
                    "USD", "AWS", "AWS", "AWS", f"service-{number % 5}", "Compute", "eu-west-1",
                    f"i-{number}", "sku", 24, "hours", '{"team": "web"}',
                    *[cost] * 4,
                ])  # fmt: skip


def _judge(reports: list[Report], is_chain_whole: bool, lost: int) -> int:
    print(f"{'process':<16} {'done':>6} {'per s':>7} {'torn':>5} {'versions seen':>14}  error")
    for report in reports:
        print(
            f"{report['role']:<14} {report['number']} {report['done']:>6}"
            f" {report['done'] / report['seconds']:>7.2f} {report['torn']:>5}"
            f" {report.get('versions', ''):>14}  {(report['error'] or '').splitlines()[-1:] or ''}"
        )
    missed = [f"{r['role']} {r['number']}: {r['error']}" for r in reports if r["error"]]
    if not is_chain_whole:
        missed.append("the audit chain is broken")
    if lost:
        missed.append(f"{-lost} ledger events were lost")
    print("\n".join(f"MISSED {each}" for each in missed) or "met")
    return 1 if missed else 0


if __name__ == "__main__":
    main()
