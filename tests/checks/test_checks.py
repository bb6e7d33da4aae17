"""Every check on its own cases: tables made from the warehouse's own definitions, then compared."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
import yaml
from duckdb import DuckDBPyConnection
from estate import built_warehouse

from actions.check import BY_HAND, NEVER_APPLIED, SAVING, Check, checks, parse
from actions.errors import BadCheck
from actions.recommend import READ_BY_CHECKS, recommend
from actions.risk import LEAST_RISK
from clouds.cloud import Verb
from warehouse.build import tables_in

CASES = Path(__file__).parent
AS_OF = datetime(2026, 11, 1)
READ_BY_SOURCES = (
    "raw.resource", "raw.metric", "raw.commitment", "raw.read", "marts.resource_now",
    "models.right_size",
)  # fmt: skip
ALWAYS = {"raw.read", "raw.billing_manifest"}  # written by every reading of a source
HEADER = (
    "-- title: T\n-- kind: {kind}\n-- verb: {verb}\n-- risk: {risk}\n-- blind: B\n"
    "-- evidence: select 1\n"
)


@pytest.fixture(scope="module")
def built() -> Iterator[DuckDBPyConnection]:
    """Every table of the warehouse with its real columns, empty."""
    with built_warehouse() as connection:
        yield connection


@pytest.fixture
def facts(built: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """The same, for one test: what it fills in is taken back."""
    built.begin()
    yield built
    built.rollback()


def fill(connection: DuckDBPyConnection, given: dict[str, list[dict[str, Any]] | str]) -> None:
    """Rows as they stand, or a query that makes them: many hours of measurements."""
    for table, rows in given.items():
        if isinstance(rows, str):
            connection.execute(f"insert into {table} by name {rows}")
            continue
        for row in rows:
            columns = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            connection.execute(
                f"insert into {table} ({columns}) values ({marks})", list(row.values())
            )


def read_again(connection: DuckDBPyConnection) -> None:
    """All that sources read, by a second one."""
    for table in READ_BY_SOURCES:
        again = "select * replace (source || '-again' as source)"
        connection.execute(f"insert into {table} {again} from {table}")


def cases() -> Iterator[Any]:
    for check in checks():
        file = CASES / f"{check.name}.yaml"
        found = yaml.safe_load(file.read_text()) if file.exists() else {"cases": {"missing": None}}
        for name, case in found["cases"].items():
            yield pytest.param(check, case, id=f"{check.name}-{name.replace(' ', '-')}")


@pytest.mark.parametrize("sources", [1, 2])
@pytest.mark.parametrize(("check", "case"), list(cases()))
def test_check_finds_exactly_what_its_case_expects(
    check: Check, case: dict[str, Any] | None, sources: int, facts: DuckDBPyConnection
) -> None:
    """However many sources read the same account: what two of them read counts once."""
    assert case is not None, f"{check.name} has no case; write {CASES / check.name}.yaml"
    fill(facts, case["given"])
    if sources == 2:
        read_again(facts)
    check = replace(check, params={**check.params, **case.get("params", {})})
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check])
    names = {name for row in case["expect"] for name in row} | {"resource_id"}
    rows = [
        {name: row[name] for name in names}
        for row in found.sort("resource_id").iter_rows(named=True)
    ]
    expected = [
        {name: _typed(row.get(name), found.schema[name]) for name in names}
        for row in sorted(case["expect"], key=lambda row: row["resource_id"])
    ]
    assert rows == expected


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_evidence_runs_and_shows_the_resource(check: Check, facts: DuckDBPyConnection) -> None:
    case = next(iter(yaml.safe_load((CASES / f"{check.name}.yaml").read_text())["cases"].values()))
    fill(facts, case["given"])
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check])
    for row in found.filter(found["status"].is_in(["open", "advice"])).iter_rows(named=True):
        assert "{" not in row["evidence"]
        assert facts.execute(row["evidence"]).fetchall()


@pytest.mark.parametrize(
    ("name", "resource", "column", "told"),
    [
        ("costly_traffic", "a", "cost", 100),
        ("unallocated_spend", "a", "unallocated_cost", 100),
        ("premium_network_tier", "much", "cost", 50),
    ],
)
def test_evidence_adds_up_to_what_the_reason_tells(
    name: str, resource: str, column: str, told: int, facts: DuckDBPyConnection
) -> None:
    """Of the days that the reason tells of, not of all that were ever billed."""
    (check,) = [check for check in checks() if check.name == name]
    case = next(iter(yaml.safe_load((CASES / f"{name}.yaml").read_text())["cases"].values()))
    fill(facts, case["given"])
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check])
    (evidence,) = found.filter(found["resource_id"] == resource)["evidence"]
    assert facts.execute(evidence).pl()[column].sum() == told


def test_every_case_file_belongs_to_a_check() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} == {check.name for check in checks()}


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_title_is_imperative_and_thresholds_name_their_source(check: Check) -> None:
    assert check.title[0].isupper()
    assert not check.title.endswith(".")
    sources = ("https://", "optscale", "turbot")
    assert check.sql is None or any(source in check.sql for source in sources)


def test_header_without_risk_is_refused_with_what_is_missing() -> None:
    with pytest.raises(BadCheck, match="its header lacks risk, blind"):
        parse("x.sql", "-- title: Do\n-- kind: disk\n-- verb: delete\n-- evidence: select 1\n")


def test_unknown_verb_lists_the_known_ones() -> None:
    text = HEADER.format(kind="disk", verb="explode", risk="R1")
    with pytest.raises(BadCheck, match="Verbs: stop, start, resize"):
        parse("x.sql", text)


def test_verb_that_the_gate_lacks_needs_a_class_that_is_never_applied() -> None:
    text = HEADER.format(kind="bucket", verb="configure", risk="R1")
    with pytest.raises(BadCheck, match="the gate can't configure, but its risk is R1"):
        parse("x.sql", text)
    assert parse("x.sql", text.replace("R1", "R5")).verb == "configure"


def test_check_about_something_unknown_lists_what_it_may_be_about() -> None:
    text = HEADER.format(kind="bucket", verb="review", risk="R0")
    assert parse("x.sql", text).about == SAVING
    assert parse("x.sql", f"-- about: security\n{text}").about == "security"
    with pytest.raises(BadCheck, match=r"it is about 'fun'.*saving, security, resilience"):
        parse("x.sql", f"-- about: fun\n{text}")


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_advice_is_never_applied(check: Check) -> None:
    assert check.about == SAVING or check.risk in NEVER_APPLIED


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_no_check_asks_for_less_than_its_verb_carries(check: Check) -> None:
    if check.verb not in BY_HAND:
        assert check.risk in NEVER_APPLIED or check.risk >= LEAST_RISK[cast(Verb, check.verb)]


def test_check_that_lacks_a_column_says_which(facts: DuckDBPyConnection) -> None:
    text = HEADER.format(kind="disk", verb="delete", risk="R3")
    text += "select 'demo' as source, 'aws' as cloud"
    with pytest.raises(BadCheck, match="its columns account, region, resource_id"):
        parse("x.sql", text).find(facts)


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_what_a_check_reads_is_made_before_it(check: Check) -> None:
    """Else a check works until somebody runs it before its tables, or replays a past day."""
    evidence = check.evidence.format(cloud="''", account="''", resource_id="''", after="''")
    read = tables_in(check.sql or "") | tables_in(evidence)
    assert {name for name in read if "." in name} <= READ_BY_CHECKS | ALWAYS


def _typed(value: Any, kind: Any) -> Any:
    if value is not None and kind.is_decimal():
        return Decimal(str(value)).quantize(Decimal("1E-18"))
    return value


@pytest.mark.parametrize(
    "name", ["cpu_request_too_high", "memory_request_too_high", "idle_workload"]
)
def test_evidence_of_a_workload_is_of_its_own_cluster(name: str, facts: DuckDBPyConnection) -> None:
    """Clusters have workloads of the same names."""
    (check,) = [check for check in checks() if check.name == name]
    case = next(iter(yaml.safe_load((CASES / f"{name}.yaml").read_text())["cases"].values()))
    fill(facts, case["given"])
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check]).filter(
        pl.col("status") == "open"
    )
    facts.execute("update marts.kubernetes_workload set cluster = 'another'")
    assert not facts.execute(found["evidence"][0]).fetchall()


@pytest.mark.parametrize("name", ["address_on_stopped_instance", "volume_on_stopped_instance"])
def test_evidence_says_for_how_long_the_machine_has_been_off(
    name: str, facts: DuckDBPyConnection
) -> None:
    (check,) = [check for check in checks() if check.name == name]
    case = next(iter(yaml.safe_load((CASES / f"{name}.yaml").read_text())["cases"].values()))
    fill(facts, case["given"])
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check]).filter(
        pl.col("status") == "open"
    )
    for row in found.iter_rows(named=True):
        (shown,) = facts.execute(row["evidence"]).pl().iter_rows(named=True)
        assert shown["machine_state"] == "stopped"
        days = shown["machine_state_days"] or shown["machine_unchanged_days"]
        assert f"switched off for {int(days)} days" in row["reason"]
