from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from duckdb import DuckDBPyConnection
from estate import built_warehouse
from staff import NOW, Office

from actions import audit
from actions.apply import apply
from actions.planned import Wish
from actions.run import Run
from actions.verify import savings, verify
from clouds.cloud import Resource, Verb
from warehouse.build import build

APPLIED_ON = NOW.date()
MACHINE = Resource("aws", "a1", "r1", "i-1", "instance")


@pytest.fixture
def facts() -> Iterator[DuckDBPyConnection]:
    with built_warehouse() as connection:
        yield connection


def bill(
    facts: DuckDBPyConnection,
    first: date,
    days: int,
    cost: float,
    resource_id: str = "i-1",
    **more: str,
) -> None:
    """A line a day."""
    line = {
        "x_cloud": "aws", "ResourceId": resource_id, "BillingCurrency": "USD",
        "BillingAccountId": "payer", "ChargeCategory": "Usage", "EffectiveCost": cost, **more,
    }  # fmt: skip
    for number in range(days):
        day = first + timedelta(days=number)
        values = {**line, "ChargePeriodStart": day, "ChargePeriodEnd": day + timedelta(days=1)}
        facts.execute(
            f"insert into raw.focus ({', '.join(values)}) values ({', '.join('?' * len(values))})",
            list(values.values()),
        )


def billed_until(facts: DuckDBPyConnection, day: date, payer: str = "payer") -> None:
    facts.execute("delete from marts.account_billed_until where billing_account = ?", [payer])
    known = (
        "insert into marts.account_billed_until (cloud, billing_account, until) values (?, ?, ?)"
    )
    facts.execute(known, ["aws", payer, day])


def stopped(office: Office) -> Run:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    return apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)


def measured(office: Office, facts: DuckDBPyConnection, run: Run) -> tuple[str, str, str]:
    [verdict] = verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert [item.window_days for item in verdict.measured] == [7, 30]
    return (verdict.verdict, verdict.measured[0].verdict, verdict.measured[1].verdict)


def test_saving_is_pending_until_the_days_are_billed(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=20), 20, 1)
    billed_until(facts, APPLIED_ON + timedelta(days=7))
    assert measured(office, facts, run) == ("pending", "pending", "pending")
    [verdict] = verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert verdict.is_as_planned
    assert verdict.measured[0].reason == "6 of 7 days after the change are billed completely"


def test_saving_is_pending_until_the_account_of_the_resource_is_billed(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=60), 10, 1, BillingAccountId="its payer of old")
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 1, BillingAccountId="late")
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    billed_until(facts, APPLIED_ON - timedelta(days=50), "its payer of old")
    billed_until(facts, APPLIED_ON + timedelta(days=1), "late")
    assert measured(office, facts, run) == ("pending", "pending", "pending")
    assert savings(office.ledger)[0]["reason"] == (
        "0 of 7 days after the change are billed completely"
    )
    billed_until(facts, APPLIED_ON + timedelta(days=8), "late")
    assert measured(office, facts, run) == ("saved", "saved", "pending")


def test_bill_that_names_no_account_counts_as_one(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 1)
    facts.execute("update raw.focus set BillingAccountId = null")
    facts.execute(
        "insert into marts.account_billed_until (cloud, until) values ('aws', ?)",
        [APPLIED_ON + timedelta(days=8)],
    )
    assert measured(office, facts, run) == ("saved", "saved", "pending")


def test_cost_that_ended_is_a_saving(office: Office, facts: DuckDBPyConnection) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=20), 21, 0.2)
    billed_until(facts, APPLIED_ON + timedelta(days=8))
    assert measured(office, facts, run) == ("saved", "saved", "pending")
    row = savings(office.ledger)[0]
    assert (row["cost_month_before"], row["cost_month_after"]) == (Decimal("6.087500"), 0)
    assert row["saved_month"] == Decimal("6.087500")
    assert row["reason"] == (
        "cost 6.09 USD a month before and 0.00 after: 6.09 saved over 7 days, promised 5.00 to 9.00"
    )


def test_cost_that_fell_less_than_promised_saved_less(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 0.2)
    bill(facts, APPLIED_ON + timedelta(days=1), 30, 0.1)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run) == ("saved_less", "saved_less", "saved_less")


def test_cost_that_went_on_saved_nothing(office: Office, facts: DuckDBPyConnection) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 45, 0.2)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run) == ("saved_nothing", "saved_nothing", "saved_nothing")


def test_machine_that_runs_on_weekdays_as_before_saved_nothing(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    for number in range(-16, 31):  # two weeks begin and end with days without a bill
        day = APPLIED_ON + timedelta(days=number)
        if day.weekday() < 5:
            bill(facts, day, 1, 10)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run) == ("saved_nothing", "saved_nothing", "saved_nothing")
    assert [(row["cost_month_before"], row["saved_month"]) for row in savings(office.ledger)] == [
        (Decimal("217.410714"), 0),  # 10 of 14 days
        (Decimal("223.208333"), 0),  # 22 of 30
    ]


def changed(office: Office, verb: Verb, after: str, days: int, **more: Decimal) -> Run:
    """The machine `i-1`, changed some days and minutes after `NOW`."""
    office.now = NOW + timedelta(days=days, minutes=len(office.cloud.effects()))
    if not office.cloud.effects():
        office.cloud.add("i-1")
    plan = office.approved(office.wish(MACHINE, verb, after, **more))
    return apply(office.ledger, plan.id, office.clouds, actor="bob", now=office.now)


def resized_and_stopped(office: Office, facts: DuckDBPyConnection, between: int) -> list[str]:
    """What `verify` says of 10 -> 6 a day, and of 6 -> 0 some days later: the longest window."""
    runs = [changed(office, "resize", "m5.large", 0), changed(office, "stop", "stopped", between)]
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 10)
    bill(facts, APPLIED_ON + timedelta(days=1), between - 1, 6)
    billed_until(facts, APPLIED_ON + timedelta(days=90))
    return [
        verify(office.ledger, run.id, office.clouds, facts, now=NOW)[0].measured[-1].reason
        for run in runs
    ]


@pytest.mark.parametrize(
    ("between", "days", "until"),
    [(3, 2, ", until we changed it again on 2026-11-04"), (11, 10, "2026-11-12"), (31, 30, "")],
)
def test_two_changes_to_one_resource_do_not_both_save_the_same(
    office: Office, facts: DuckDBPyConnection, between: int, days: int, until: str
) -> None:
    first, second = resized_and_stopped(office, facts, between)
    assert first.startswith("cost 304.38 USD a month before and 182.62 after: 121.75 saved")
    assert f"121.75 saved over {days} days" in first
    assert until in first
    assert second.startswith("cost 182.62 USD a month before and 0.00 after: 182.62 saved")


@pytest.mark.parametrize("between", [0, 1])
def test_change_without_a_day_of_its_own_is_not_measured(
    office: Office, facts: DuckDBPyConnection, between: int
) -> None:
    runs = [changed(office, "resize", "m5.large", 0), changed(office, "stop", "stopped", between)]
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 10)
    billed_until(facts, APPLIED_ON + timedelta(days=60))
    first, second = (
        verify(office.ledger, run.id, office.clouds, facts, now=NOW)[0].measured[-1] for run in runs
    )
    again = APPLIED_ON + timedelta(days=between)
    assert first.verdict == "unknown"
    assert first.reason == (
        f"we changed it again on {again}, so what each of them saved can't be told apart"
    )
    if between:
        assert second.reason == (
            "we had changed it on 2026-11-01, so what each of them saved can't be told apart"
        )
    else:
        assert second.saved_month == Decimal("304.375000")


def test_saving_is_measured_until_it_was_put_back(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = changed(office, "stop", "stopped", 0)
    back = {"saving_month_low": Decimal(-9), "saving_month_high": Decimal(-5)}
    changed(office, "start", "running", 9, **back)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 1)
    bill(facts, APPLIED_ON + timedelta(days=9), 30, 1)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert {row["saved_month"] for row in savings(office.ledger)} == {Decimal("30.437500")}


def test_change_that_saves_nothing_bounds_no_other(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = changed(office, "stop", "stopped", 0)
    at = office.later(24)
    plan = office.approved(Wish("demo", MACHINE, "snapshot", "a snapshot"))
    assert apply(office.ledger, plan.id, office.clouds, actor="bob", now=at).is_done
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 0.2)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run) == ("saved", "saved", "saved")


def test_days_before_a_new_resource_was_there_do_not_count(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=4), 1, 0.4)
    bill(facts, APPLIED_ON - timedelta(days=2), 1, 0.4)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run)[0] == "saved"
    assert {row["cost_month_before"] for row in savings(office.ledger)} == {Decimal("6.087500")}


def test_resource_last_billed_weeks_before_the_change_is_unknown(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=40), 26, 1)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run)[0] == "unknown"


def test_resource_without_a_bill_before_is_unknown_and_not_zero(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run)[0] == "unknown"


def test_snapshot_that_a_delete_left_behind_counts_against_it(
    office: Office, facts: DuckDBPyConnection
) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1", "disk"), "delete", "absent"))
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 1)
    bill(facts, APPLIED_ON + timedelta(days=1), 7, 0.25, str(run.steps[0].backup))
    billed_until(facts, APPLIED_ON + timedelta(days=8))
    [verdict] = verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert verdict.measured[0].saved_month == Decimal("22.828125")  # 0.75 a day


def test_way_back_is_not_judged_by_what_it_saves(office: Office, facts: DuckDBPyConnection) -> None:
    where = office.cloud.add("i-1", state="stopped")
    back = {"saving_month_low": Decimal(-9), "saving_month_high": Decimal(-5)}
    plan = office.approved(office.wish(where, "start", "running", **back))
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    assert measured(office, facts, run)[0] == "unknown"


def test_change_that_somebody_took_back_is_reverted(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    office.cloud.change("i-1", state="running")
    [verdict] = verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert (verdict.verdict, verdict.is_as_planned) == ("reverted", False)
    assert verdict.looks == "it is 'running' again; planned was 'stopped'"
    assert {row["verdict"] for row in savings(office.ledger)} == {"reverted"}


def scheduled(office: Office) -> Run:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "schedule", "mon-fri 07:00-19:00"))
    return apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)


def looks(office: Office, run: Run) -> tuple[str, str]:
    [verdict] = verify(office.ledger, run.id, office.clouds, now=NOW)
    return verdict.verdict, verdict.looks


def test_schedule_holds_while_it_has_the_machine_switched_off(office: Office) -> None:
    run = scheduled(office)
    office.cloud.change("i-1", state="stopped")
    assert looks(office, run) == ("pending", "it is 'mon-fri 07:00-19:00' as planned")
    assert {row["verdict"] for row in savings(office.ledger)} == {"pending"}


@pytest.mark.parametrize("schedule", [None, "mon-sun 00:00-24:00"])
def test_schedule_that_somebody_took_off_or_altered_is_reverted(
    office: Office, schedule: str | None
) -> None:
    run = scheduled(office)
    with office.cloud.open() as database:
        database.execute("update resource set schedule = ?", [schedule])
    assert looks(office, run)[0] == "reverted"


def test_schedule_of_a_machine_that_is_gone_is_reverted(office: Office) -> None:
    run = scheduled(office)
    with office.cloud.open() as database:
        database.execute("delete from resource")
    assert looks(office, run) == (
        "reverted", "it is gone; planned was 'mon-fri 07:00-19:00'",
    )  # fmt: skip


def test_resize_holds_whether_or_not_the_machine_runs(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "resize", "m5.large"))
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    office.cloud.change("i-1", state="stopped")
    assert looks(office, run) == (
        "pending", "it is 'm5.large' as planned; state was 'running', is 'stopped'",
    )  # fmt: skip
    office.cloud.change("i-1", sku="m5.xlarge")
    assert looks(office, run)[0] == "reverted"


def test_stop_holds_when_the_machine_got_another_size_or_was_deleted(office: Office) -> None:
    run = stopped(office)
    office.cloud.change("i-1", sku="m5.large")
    assert looks(office, run) == (
        "pending", "it is 'stopped' as planned; sku was 'm5.xlarge', is 'm5.large'",
    )  # fmt: skip
    with office.cloud.open() as database:
        database.execute("delete from resource")
    assert looks(office, run) == ("pending", "it is gone, and so no longer 'running'")


def test_start_holds_while_a_schedule_has_the_machine_switched_off(office: Office) -> None:
    plan = office.approved(
        office.wish(office.cloud.add("i-1", state="stopped"), "start", "running")
    )
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    office.cloud.change("i-1", state="stopped", schedule="mon-fri 07:00-19:00")
    assert looks(office, run)[0] == "pending"
    with office.cloud.open() as database:
        database.execute("update resource set schedule = null")
    assert looks(office, run)[0] == "reverted"


def test_verifying_again_replaces_what_was_measured(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    for _ in range(2):
        verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert len(savings(office.ledger)) == 2
    assert audit.verify(office.ledger).ok


PLAN = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountStatus": "Used"}
UNUSED = {**PLAN, "CommitmentDiscountStatus": "Unused"}
BEFORE = APPLIED_ON - timedelta(days=14)
AFTER = APPLIED_ON + timedelta(days=1)


def covered(office: Office, facts: DuckDBPyConnection) -> Run:
    """A machine of 2 a day, all of it paid by a plan of 3 a day, is stopped."""
    bill(facts, BEFORE, 14, 2, **PLAN)
    bill(facts, BEFORE, 14, 1, "i-2", **PLAN)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    return stopped(office)


def test_what_is_still_paid_to_a_commitment_is_not_saved(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, AFTER, 30, 1, "i-2", **PLAN)
    bill(facts, AFTER, 30, 2, "sp-1", **UNUSED)
    assert measured(office, facts, run) == ("saved_nothing", "saved_nothing", "saved_nothing")
    row = savings(office.ledger)[0]
    assert (row["cost_month_before"], row["cost_month_after"], row["saved_month"]) == (
        Decimal("60.875000"), Decimal("60.875000"), 0,
    )  # fmt: skip
    assert row["reason"] == (
        "cost 60.88 USD a month before and 60.88 after (60.88 of it for commitments that nobody "
        "uses since): 0.00 saved over 7 days, promised 5.00 to 9.00"
    )


def test_commitment_that_something_else_uses_instead_is_saved(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, AFTER, 30, 2.5, "i-2", **PLAN)  # 1.5 more
    bill(facts, AFTER, 30, 0.5, "sp-1", **UNUSED)
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert {row["saved_month"] for row in savings(office.ledger)} == {Decimal("45.656250")}


def test_part_that_no_commitment_covered_is_saved(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, BEFORE, 14, 1)
    bill(facts, AFTER, 30, 1, "i-2", **PLAN)
    bill(facts, AFTER, 30, 2, "sp-1", **UNUSED)
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert {row["saved_month"] for row in savings(office.ledger)} == {Decimal("30.437500")}


def test_commitment_that_others_leave_unused_is_not_held_against_it(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, AFTER, 30, 1.5, **PLAN)  # 0.5 less, and i-2 uses nothing any more
    bill(facts, AFTER, 30, 1.5, "sp-1", **UNUSED)
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert {row["saved_month"] for row in savings(office.ledger)} == {0}
    assert {row["cost_month_after"] for row in savings(office.ledger)} == {Decimal("60.875000")}


def test_commitment_that_has_ended_is_paid_no_more(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, AFTER, 7, 1, "i-2", **PLAN)
    bill(facts, AFTER, 7, 2, "sp-1", **UNUSED)
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    found = {row["window_days"]: row["saved_month"] for row in savings(office.ledger)}
    assert found == {7: 0, 30: Decimal("46.670833")}  # 23 of 30 days of 2


def test_commitment_without_a_line_on_the_bill_is_owned_while_the_inventory_says_so(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    facts.execute(
        "insert into raw.commitment (cloud, commitment_id, starts_at, ends_at)"
        " values ('aws', 'sp-1', '2026-01-01', ?)",
        [APPLIED_ON + timedelta(days=8)],
    )
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    found = {row["window_days"]: row["saved_month"] for row in savings(office.ledger)}
    assert found == {7: 0, 30: Decimal("46.670833")}  # it ends after 7 of 30 days


def test_commitment_bought_just_before_the_change_is_still_paid(
    office: Office, facts: DuckDBPyConnection
) -> None:
    bill(facts, BEFORE, 12, 3)
    bill(facts, APPLIED_ON - timedelta(days=2), 2, 2, **PLAN)
    bill(facts, AFTER, 30, 2, "sp-1", **UNUSED)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    run = stopped(office)
    verify(office.ledger, run.id, office.clouds, facts, now=NOW)
    assert {row["cost_month_after"] for row in savings(office.ledger)} == {Decimal("60.875000")}


def test_commitment_whose_unused_part_is_billed_by_the_month_is_still_paid(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = covered(office, facts)
    bill(facts, AFTER, 30, 1, "i-2", **PLAN)
    for first, until, cost in (("2026-10-01", "2026-11-01", 0), ("2026-11-01", "2026-12-02", 62)):
        fee = {**UNUSED, "ChargeCategory": "Purchase"}
        bill(facts, date.fromisoformat(first), 1, cost, "sp-1", **fee)
        facts.execute(
            "update raw.focus set ChargePeriodEnd = ? where ChargeCategory = 'Purchase'"
            " and ChargePeriodStart = ?",
            [until, first],
        )
    assert measured(office, facts, run) == ("saved_nothing", "saved_nothing", "saved_nothing")


def measured_once(office: Office, facts: DuckDBPyConnection) -> Run:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 0.2)
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run) == ("saved", "saved", "saved")
    return run


@pytest.mark.parametrize("days", [60, 93, 400])
def test_saving_is_measured_whenever_somebody_asks(
    office: Office, facts: DuckDBPyConnection, days: int
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 0.2)
    bill(facts, APPLIED_ON + timedelta(days=1), days, 1, "i-2")
    build(facts, NOW + timedelta(days=days))
    assert measured(office, facts, run) == ("saved", "saved", "saved")
    assert savings(office.ledger)[1]["saved_month"] == Decimal("6.087500")


def test_saving_stays_as_measured_when_its_bills_are_gone_or_not_looked_at(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = measured_once(office, facts)
    before = savings(office.ledger)
    facts.execute("delete from raw.focus")
    later = NOW + timedelta(days=400)
    for connection in (facts, None):
        [verdict] = verify(office.ledger, run.id, office.clouds, connection, now=later)
        assert (verdict.verdict, verdict.measured[0].measured_at) == ("saved", NOW)
        assert savings(office.ledger) == before
    assert audit.verify(office.ledger).ok


def test_saving_that_was_reverted_for_a_time_is_one_again(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = measured_once(office, facts)
    for state, verdict in (("running", "reverted"), ("stopped", "saved")):
        office.cloud.change("i-1", state=state)
        verify(office.ledger, run.id, office.clouds, now=NOW)
        assert {row["verdict"] for row in savings(office.ledger)} == {verdict}


def test_saving_is_measured_anew_when_its_bills_are_corrected(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = measured_once(office, facts)
    bill(facts, APPLIED_ON + timedelta(days=1), 30, 0.2)
    assert measured(office, facts, run)[0] == "saved_nothing"


def test_month_that_is_one_line_is_spread_over_its_days(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 1, 2.8)
    facts.execute("update raw.focus set ChargePeriodEnd = ?", [APPLIED_ON])
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run)[0] == "saved"
    assert savings(office.ledger)[0]["cost_month_before"] == Decimal("6.087500")


def test_corrections_credits_and_other_currencies_are_no_cost_of_it(
    office: Office, facts: DuckDBPyConnection
) -> None:
    run = stopped(office)
    bill(facts, APPLIED_ON - timedelta(days=14), 14, 0.2)
    bill(facts, APPLIED_ON + timedelta(days=1), 30, 5, ChargeClass="Correction")
    bill(facts, APPLIED_ON + timedelta(days=1), 30, 5, ChargeCategory="Credit")
    bill(facts, APPLIED_ON + timedelta(days=1), 30, 5, BillingCurrency="EUR")
    billed_until(facts, APPLIED_ON + timedelta(days=31))
    assert measured(office, facts, run)[0] == "saved"


def test_without_the_warehouse_it_says_only_how_it_looks(office: Office) -> None:
    run = stopped(office)
    [verdict] = verify(office.ledger, run.id, office.clouds, now=NOW)
    assert (verdict.verdict, verdict.looks) == ("pending", "it is 'stopped' as planned")
