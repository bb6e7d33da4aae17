"""Alerts from the command line, after a run and while serving, to a real receiver."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import answer, call
from receivers import Answer, Receiver, http_receiver
from servers import free_port

RULE = {"name": "incidents", "kind": "anomaly", "channels": ["hook"]}
PAYER = "210987654300"  # of the demo's AWS accounts


@pytest.fixture
def receiver() -> Iterator[tuple[str, Receiver]]:
    with http_receiver() as served:
        yield served


def configured(home: Path, url: str, *rules: dict[str, Any], **channel: Any) -> Path:
    file = home / "instance-select.yaml"
    settings = yaml.safe_load(file.read_text())
    hook = {"name": "hook", "kind": "webhook", "url": url, "per_hour": 1000, **channel}
    settings["alerts"] = {"channels": [hook], "rules": list(rules or (RULE,))}
    file.write_text(yaml.safe_dump(settings))
    return home


def test_each_open_incident_goes_out_once(
    own_demo_home: Path, receiver: tuple[str, Receiver]
) -> None:
    url, box = receiver
    home = configured(own_demo_home, url)
    found = answer("anomalies", "--open", home=home)["anomalies"]
    known = {one["id"] for one in found if one["direction"] == "up"}
    assert known
    settled = sorted(known)[0]
    answer("anomaly", "dismiss", settled, "--reason", "load test", home=home)
    would = answer("alerts", "send", "--dry-run", home=home)
    assert len(would["queued"]) == len(known) - 1
    assert box.got == []
    assert answer("alerts", "list", home=home)["alerts"] == []
    done = answer("alerts", "send", home=home)
    assert {one["outcome"] for one in done["sent"]} == {"sent"}
    assert {got.json["data"]["incident"] for got in box.got} == known - {settled}
    assert all(isinstance(got.json["data"]["impact"], str) for got in box.got), "exact money"
    again = answer("alerts", "send", home=home)
    assert (again["queued"], again["sent"]) == ([], [])
    listed = answer("alerts", "list", "--status", "sent", home=home)["alerts"]
    assert len(listed) == len(known) - 1
    assert answer("audit", "verify", home=home)["ok"]


def test_two_at_once_tell_each_incident_once(
    own_demo_home: Path, receiver: tuple[str, Receiver]
) -> None:
    url, box = receiver
    home = configured(own_demo_home, url)
    answer("user", "list", home=home)  # the ledger is there, so that both begin together
    with ThreadPoolExecutor() as both:
        done = list(both.map(lambda _: answer("alerts", "send", home=home), range(2)))
    told = [got.json["data"]["incident"] for got in box.got]
    assert told
    assert len(told) == len(set(told)) == sum(len(one["queued"]) for one in done)


def test_what_did_not_get_out_is_in_the_list_and_in_doctor(own_demo_home: Path) -> None:
    with http_receiver(Answer(410, body=b"gone"), Answer(200)) as (url, box):
        home = configured(own_demo_home, f"{url}/s3cret", RULE, per_hour=1)
        failed = call("alerts", "send", "--json", home=home)
        assert failed.code == 1
        assert failed.json["sent"][0]["reason"] == "127.0.0.1 answered 410 (gone)"
        checks = {one["name"]: one for one in call("doctor", "--json", home=home).json["checks"]}
        assert "answered 410" in checks["alerts hook"]["detail"]
        assert "alerts send --again" in checks["alerts hook"]["fix"]
        assert "answered 410" in call("alerts", "list", home=home).stdout
        answer("alerts", "send", "--again", home=home)
        checks = {one["name"]: one for one in call("doctor", "--json", home=home).json["checks"]}
        assert checks["alerts hook"]["ok"]
    assert len(box.got) == 2
    for text in (failed.stdout, failed.stderr, str(checks)):
        assert "s3cret" not in text


def test_a_rule_that_matches_nothing_is_in_doctor(own_demo_home: Path) -> None:
    rules = [{**RULE, "name": name, "filter": wanted} for name, wanted in (
        ("ours", {"cloud": "AWS"}), ("typo", {"cloud": "asw"}), ("no service", {"service": "EC3"}),
    )]  # fmt: skip
    payer = {"filter": {"account": PAYER}}
    rules += [
        {**RULE, "name": "payer", **payer},
        {"name": "late", "kind": "freshness", "channels": ["hook"], **payer},
    ]
    home = configured(own_demo_home, "http://127.0.0.1:1/x", *rules)
    checks = {one["name"]: one for one in call("doctor", "--json", home=home).json["checks"]}
    assert checks["alert rule ours"]["ok"]
    assert "the cloud 'asw' yet" in checks["alert rule typo"]["detail"]
    assert not checks["alert rule no service"]["ok"]
    assert not checks["alert rule payer"]["ok"], "nothing is billed for that account itself"
    assert checks["alert rule late"]["ok"]


def test_a_channel_can_be_tried(tmp_path: Path) -> None:
    (tmp_path / "instance-select.yaml").write_text("{}")
    with http_receiver(Answer(200), Answer(404)) as (url, box):
        home = configured(tmp_path, url)
        assert answer("alerts", "test", "hook", home=home)["test"]["outcome"] == "sent"
        assert box.got[0].json["phase"] == "test"
        refused = call("alerts", "test", "hook", "--json", home=home)
        assert (refused.code, refused.json["test"]["outcome"]) == (1, "failed")
    unknown = call("alerts", "test", "hok", "--json", home=home)
    assert unknown.code == 2
    assert "Known: hook" in unknown.json["error"]["message"]


def test_without_channels_there_is_nothing_to_send(tmp_path: Path) -> None:
    outcome = call("alerts", "send", "--json", home=tmp_path)
    assert outcome.code == 2
    assert "docs/alerts.md" in outcome.json["error"]["message"]
    assert answer("alerts", "list", home=tmp_path)["alerts"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_begins_no_ledger(own_demo_home: Path, receiver: tuple[str, Receiver]) -> None:
    url, box = receiver
    home = configured(own_demo_home, url)
    for file in home.glob("ledger.sqlite*"):
        file.unlink()
    assert answer("alerts", "send", "--dry-run", home=home)["queued"]
    assert not (home / "ledger.sqlite").exists()
    assert box.got == []


@pytest.mark.slow
def test_a_run_ends_with_its_alerts_and_does_not_fail_with_them(own_demo_home: Path) -> None:
    with http_receiver(Answer(500)) as (url, box):
        home = configured(own_demo_home, url)
        done = answer("run", "--select", "marts/anomaly_now", home=home)
    assert done["alerts"]["queued"]
    assert done["alerts"]["sent"][0]["outcome"] == "later"
    assert len(box.got) == 1


@pytest.mark.slow
def test_serving_sends_alerts_by_itself(
    own_demo_home: Path, receiver: tuple[str, Receiver]
) -> None:
    url, box = receiver
    home = configured(own_demo_home, url)
    serving = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--no-scheduler", "--json",
         "--port", str(free_port()), "--home", str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not box.got and serving.poll() is None:
            assert time.monotonic() < deadline, "no alert came"
            time.sleep(0.2)
    finally:
        serving.send_signal(signal.SIGINT)
        _, stderr = serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert "unexpected" not in stderr
    assert box.got[0].json["kind"] == "anomaly"
