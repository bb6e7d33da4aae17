"""A server that is away: doctor goes on, and an open page opens again by itself."""

from pathlib import Path

import pytest
from command_line import call
from pages import opened

AWAY = "postgresql://me:hunter2@127.0.0.1:1/ledger"
ALERTS = """
alerts:
  channels: [{name: hook, kind: webhook, url: "http://127.0.0.1:1/x"}]
  rules: [{name: late, kind: freshness, channels: [hook], filter: {cloud: aws}}]
"""


@pytest.mark.parametrize("store", ["ledger", "catalog"])
def test_doctor_says_that_a_server_is_away_and_goes_on(store: str, tmp_path: Path) -> None:
    (tmp_path / "instance-select.yaml").write_text(f"{store}: {AWAY}\n{ALERTS}")
    done = call("doctor", "--json", home=tmp_path)
    checks = {one["name"]: one for one in done.json["checks"]}
    name = {"ledger": "ledger", "catalog": "warehouse"}[store]
    assert not checks[name]["ok"]
    assert "Connection refused" in checks[name]["detail"]
    assert {"python", "duckdb", "settings", "disk", "sources"} <= checks.keys()
    assert "hunter2" not in done.stdout + done.stderr


def test_a_page_opens_again_by_itself_when_a_server_is_back(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_SELECT_LEDGER", AWAY)
    app = opened(own_demo_home, "overview", monkeypatch)
    assert "can't be used" in app.error[0].value
    assert "opens again by itself" in app.caption[-1].value
    monkeypatch.delenv("INSTANCE_SELECT_LEDGER")
    app.run()
    assert app.title[0].value == "Overview"
    assert not app.error
