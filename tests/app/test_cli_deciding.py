"""From a recommendation to a change and back, the way a script does it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command_line import answer, call

CHANGE = {"resource_id", "verb", "before", "after", "risk", "way_back"}


@pytest.fixture
def home(own_demo_home: Path) -> Path:
    return own_demo_home


def reversible(home: Path) -> dict[str, Any]:
    """An open recommendation whose change can be put back."""
    found = answer("recommendations", "--status", "open", home=home)["recommendations"]
    return next(
        one for one in found if one["verb"] in ("stop", "resize") and one["risk"] in ("R1", "R2")
        and one["kind"] in ("instance", "disk")
    )  # fmt: skip


def make_plan(home: Path) -> dict[str, Any]:
    chosen = reversible(home)
    return answer(
        "plan", "create", "--recommendation", chosen["id"], "--as", "ana", home=home
    )["plan"]  # fmt: skip


def test_from_recommendation_to_change_and_back(home: Path) -> None:
    plan = make_plan(home)
    assert {"id", "hash", "status", "changes"} <= set(plan)
    assert set(plan["changes"][0]) >= CHANGE
    shown = answer("plan", "show", plan["id"], home=home)
    assert shown["plan"] == plan
    assert [one["id"] for one in answer("plan", "list", home=home)["plans"]] == [plan["id"]]

    rehearsed = answer("apply", plan["id"], "--dry-run", "--as", "ben", home=home)["run"]
    assert {one["outcome"] for one in rehearsed["changes"]} == {None}

    approved = answer("approve", plan["id"], "--hash", plan["hash"], "--as", "ben", home=home)
    assert approved["approval"]["decision"] == "approved"
    assert approved["plan"]["status"] == "approved"

    run = answer("apply", plan["id"], "--as", "ben", home=home)["run"]
    assert run["plan"] == plan["id"]
    (made,) = run["changes"]
    assert {"resource_id", "verb", "outcome", "reason"} <= set(made)
    assert made["outcome"] == "applied"

    verdicts = answer("verify", run["id"], home=home)["verdicts"]
    assert [one["is_as_planned"] for one in verdicts] == [True]
    saved = answer("savings", home=home)
    assert [one["resource_id"] for one in saved["savings"]] == [made["resource_id"]]
    assert saved["totals"][0]["changes"] == 1

    back = answer("rollback", run["id"], "--as", "ana", home=home)["plan"]
    assert back["undoes_run"] == run["id"]
    answer("approve", back["id"], "--hash", back["hash"], "--as", "ben", home=home)
    undone = answer("apply", back["id"], "--as", "ben", home=home)["run"]
    assert [one["outcome"] for one in undone["changes"]] == ["applied"]
    assert call("verify", run["id"], "--json", home=home).code == 1
    saved = answer("savings", home=home)
    assert [(one["change_id"], one["is_reverted"]) for one in saved["savings"]] == [
        (made["change_id"], True)
    ]
    (total,) = saved["totals"]
    assert (total["promised_month_high"], total["changes"]) == ("0", 0)
    assert total["changes_reverted"] == 1

    log = answer("audit", "verify", home=home)
    assert log["ok"]
    assert log["events"] > 8


def test_the_setting_as_of_does_not_move_the_clock_of_decisions(home: Path) -> None:
    before = make_plan(home)
    with (home / "instance-select.yaml").open("a") as file:
        file.write("as_of: 2030-01-01\n")
    after = make_plan(home)
    assert (after["created_at"], after["expires_at"]) == (
        before["created_at"],
        before["expires_at"],
    )
    shown = answer("plan", "show", before["id"], home=home)["plan"]
    assert shown["status"] == "proposed"


def test_only_the_hash_that_was_shown_is_approved(home: Path) -> None:
    plan = make_plan(home)
    wrong = call("approve", plan["id"], "--hash", "0" * 64, "--as", "ben", "--json", home=home)
    assert wrong.code == 1
    assert plan["hash"][:12] in wrong.json["error"]["message"]
    applied = call("apply", plan["id"], "--as", "ben", "--json", home=home)
    assert applied.code == 1
    assert "Traceback" not in applied.stderr


@pytest.mark.parametrize("nobody", ["", " "])
def test_an_empty_name_decides_nothing_in_the_name_of_the_login(home: Path, nobody: str) -> None:
    plan = make_plan(home)
    outcome = call("approve", plan["id"], "--hash", plan["hash"], "--as", nobody, home=home)
    assert outcome.code == 2
    assert "found an empty name" in outcome.stderr
    assert answer("plan", "show", plan["id"], home=home)["approvals"] == []


def test_a_rejected_plan_is_not_applied(home: Path) -> None:
    plan = make_plan(home)
    answer("reject", plan["id"], "--reason", "needed in January", "--as", "ben", home=home)
    assert call("apply", plan["id"], "--as", "ben", "--json", home=home).code == 1
    assert answer("plan", "show", plan["id"], home=home)["plan"]["status"] == "rejected"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "show", "p9-nope"),
        ("plan", "create", "--recommendation", "nope"),
        ("approve", "p9-nope", "--hash", "0"),
        ("apply", "p9-nope"),
        ("rollback", "p9-nope.r1"),
        ("verify", "p9-nope.r1"),
        ("suppress", "lift", "s99"),
        ("user", "add", "eve", "--role", "emperor"),
        ("suppress", "add", "--check", "idle_machine", "--reason", "x"),
        ("suppress", "add", "--cloud", "awss", "--reason", "x"),
        ("suppress", "add", "--kind", "instancee", "--reason", "x"),
        ("recommendations", "--check", "idle_machine"),
        ("recommendations", "--cloud", "awss"),
    ],
)
def test_unknown_names_are_bad_input_and_the_known_ones_are_listed(
    own_demo_home: Path, arguments: tuple[str, ...]
) -> None:
    outcome = call(*arguments, "--json", home=own_demo_home)
    assert outcome.code == 2
    assert "Known" in outcome.json["error"]["message"]


def test_users_and_suppressions_are_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    answer("user", "add", "ana", "--role", "admin", "--as", "ana", home=home)
    denied = call("user", "add", "eve", "--role", "admin", "--as", "eve", "--json", home=home)
    assert denied.code == 1
    assert [one["name"] for one in answer("user", "list", home=home)["users"]] == ["ana"]

    because = ("--reason", "kept for the audit", "--as", "ana")
    added = answer(
        "suppress", "add", "--resource", "vol-1", "--until", "2999-01-01", *because, home=home
    )["suppression"]
    listed = answer("suppress", "list", home=home)["suppressions"]
    assert [(one["id"], one["resource_id"]) for one in listed] == [(added["id"], "vol-1")]
    answer("suppress", "lift", added["id"], "--as", "ana", home=home)
    assert answer("suppress", "list", home=home)["suppressions"] == []
    assert call("suppress", "add", *because, "--json", home=home).code == 2
    for wrong in (("--reason", "  "), (*because, "--until", "2020-01-01")):
        refused = call("suppress", "add", "--kind", "disk", *wrong, "--json", home=home)
        assert refused.code == 2
        assert "nothing was written" in refused.json["error"]["message"]
    assert call("recommendations", "--status", "opened", home=home).code == 2


def test_a_budget_shows_after_the_next_run_how_likely_it_is_to_be_kept(home: Path) -> None:
    set_one = ("budget", "set", "all", "--currency", "usd", "--amount")
    given = answer(*set_one, "1.50", "--as", "ada", home=home)["budget"]
    answer("budget", "set", "cheap", "--amount", "1e9", "--currency", "USD", home=home)
    (new, _) = answer("budget", "list", home=home)["budgets"]
    assert (new["amount"], new["currency"], new["status"]) == ("1.5", "USD", "unknown")
    assert "after the last run" in new["reason"]
    answer("run", "--select", "actions/budget*", home=home)
    found = {one["name"]: one for one in answer("budget", "list", home=home)["budgets"]}
    assert (found["all"]["id"], found["all"]["status"]) == (given["id"], "breached")
    assert found["all"]["breach_probability"] == 1.0
    assert found["cheap"]["status"] == "within"
    assert found["cheap"]["expected"] == found["all"]["expected"]
    assert Decimal(found["all"]["expected"]) > Decimal(found["all"]["spent"]) > 0
    for wrong in ("much", "-1"):
        assert call(*set_one, wrong, home=home).code == 2
    assert call("budget", "end", "nothing", home=home).code == 2
    lost = answer(*set_one, "5", "--cloud", "asw", home=home)["budget"]
    assert "nothing has been billed with the cloud 'asw'" in lost["note"]
    assert "aws" in lost["note"]
    assert answer("budget", "end", "all", home=home)["budget"]["id"] == lost["id"]
    assert [one["name"] for one in answer("budget", "list", home=home)["budgets"]] == ["cheap"]
    assert answer("audit", "verify", home=home)["ok"]


def test_a_suppressed_recommendation_is_silent_after_the_next_run(home: Path) -> None:
    chosen = reversible(home)
    answer(
        "suppress", "add", "--resource", chosen["resource_id"], "--reason", "on purpose",
        "--as", "ana", home=home,
    )  # fmt: skip
    answer("run", "--select", "actions/recommendation*", home=home)
    found = answer("recommendations", home=home)["recommendations"]
    mine = {one["status"] for one in found if one["resource_id"] == chosen["resource_id"]}
    assert mine == {"suppressed"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "p1-3f9a2c41"),
        ("audit", "verify"),
        ("plan", "list"),
        ("savings",),
        ("user", "list"),
        ("suppress", "list"),
    ],
)
def test_a_home_that_is_not_there_is_bad_input_and_not_made(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    outcome = call(*arguments, "--json", home=tmp_path / "hoem")
    assert outcome.code == 2
    assert "There is no ledger in" in outcome.json["error"]["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_changed_audit_log_is_found(tmp_path: Path) -> None:
    import sqlite3

    home = tmp_path / "home"
    answer("user", "add", "ana", "--role", "admin", "--as", "ana", home=home)
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'"):
            connection.execute(f"drop trigger {name}")  # who can write the file can do this, too
        connection.execute("update audit set actor = 'eve' where number = 1")
    connection.close()
    broken = call("audit", "verify", "--json", home=home)
    assert broken.code == 1
    assert broken.json["ok"] is False
    assert broken.json["broken"] == 1
