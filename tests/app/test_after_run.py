"""Whatever goes wrong in alerting, a run that has published does not fail with it."""

from pathlib import Path

import duckdb
import pytest
from command_line import call
from sqlalchemy.exc import OperationalError

from actions.ledger import open_ledger
from app.after_run import send_alerts
from app.notify.notifier import Notifier, Report
from app.session import Session

SETTINGS = """
alerts:
  channels: [{name: log, kind: log}]
  rules: [{name: r, kind: anomaly, channels: [log]}]
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "instance-select.yaml").write_text(SETTINGS)
    return Session(home=tmp_path)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Notifier]:
    """Every notifier that was closed."""
    found: list[Notifier] = []
    close = Notifier.close

    def closes(notifier: Notifier) -> None:
        found.append(notifier)
        close(notifier)

    monkeypatch.setattr(Notifier, "close", closes)
    return found


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("members"), "unexpected KeyError at test_after_run.py:"),
        (duckdb.IOException(""), "unexpected IOException at test_after_run.py:"),
        (duckdb.IOException("disk gone\nmore"), "disk gone"),
        (PermissionError(13, "Permission denied", "ledger.sqlite"), "Permission denied: ledger"),
        (OperationalError("select", None, Exception("locked")), "locked"),
        (RuntimeError("database is locked"), "unexpected RuntimeError"),
    ],
)
def test_any_error_is_said_on_stderr_and_the_notifier_is_closed(
    error: Exception,
    told: str,
    session: Session,
    closed: list[Notifier],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fails(notifier: Notifier) -> Report:
        raise error

    monkeypatch.setattr(Notifier, "send", fails)
    alerts = send_alerts(session)
    assert told in alerts.lines[0]
    assert alerts.document == {"alerts": {"error": alerts.lines[0]}}
    assert told in capfd.readouterr().err
    assert len(closed) == 1


def test_a_notifier_is_closed_when_all_went_well(session: Session, closed: list[Notifier]) -> None:
    alerts = send_alerts(session)
    assert alerts.lines[0] == "Alerts: 0 new, 0 sent."
    assert len(closed) == 1


def test_a_broken_ledger_is_told_in_one_line(session: Session, tmp_path: Path) -> None:
    open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite").close()
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    alerts = send_alerts(session)
    assert alerts.lines[0].startswith("The alerts were not looked at: ")
    assert "\n" not in alerts.lines[0]


@pytest.mark.parametrize("status", ["nonsense", ""])
def test_an_unknown_status_is_bad_input(status: str, tmp_path: Path) -> None:
    outcome = call("alerts", "list", "--status", status, "--json", home=tmp_path)
    assert outcome.code == 2
    message = outcome.json["error"]["message"]
    assert message.startswith(f"There is no status {status!r}. Known: queued, held, sent, ")
