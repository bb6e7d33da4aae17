"""Saying what an incident is, at the command line and on its page."""

from pathlib import Path
from typing import Any

import pytest
from command_line import answer, call
from pages import FOLDER, opened
from streamlit.testing.v1 import AppTest


def incidents(home: Path) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in answer("anomalies", home=home)["anomalies"]}


def test_feedback_shows_at_once_and_can_be_taken_back(own_demo_home: Path) -> None:
    home = own_demo_home
    first, second = list(incidents(home))[:2]
    reason = ("--reason", "load test", "--as", "ann")
    said = answer("anomaly", "dismiss", first, *reason, home=home)["feedback"]
    assert (said["id"], said["decision"], said["author"]) == ("f1", "dismissed", "ann")
    answer("anomaly", "expect", second, "--until", "2027-03-01", *reason, home=home)
    shown = incidents(home)
    assert shown[first]["feedback"] == "dismissed"
    assert shown[first]["feedback_by"] == "ann"
    assert shown[second]["feedback_reason"] == "load test"
    assert shown[second]["expected_until"] == "2027-03-01"
    assert "dismissed" in call("anomalies", home=home).stdout
    listed = answer("anomaly", "feedback", home=home)["feedback"]
    assert [one["id"] for one in listed] == ["f2", "f1"]
    answer("anomaly", "lift", "F1", home=home)
    assert incidents(home)[first]["feedback"] is None
    answer("anomaly", "confirm", first, home=home)
    assert incidents(home)[first]["feedback"] == "confirmed"
    assert answer("audit", "verify", home=home)["ok"]


def test_an_unknown_id_names_near_ones_and_writes_nothing(own_demo_home: Path) -> None:
    known = next(iter(incidents(own_demo_home)))
    outcome = call("anomaly", "confirm", f"{known[:-1]}!", "--json", home=own_demo_home)
    assert outcome.code == 2
    message = outcome.json["error"]["message"]
    assert message.startswith(f"No incident named '{known[:-1]}!'. Known: {known}")
    assert answer("anomaly", "feedback", home=own_demo_home)["feedback"] == []


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(own_demo_home: Path) -> None:
    home, known = own_demo_home, sorted(incidents(own_demo_home))
    wanted = known[0]
    short = next(
        wanted[:size] for size in range(1, len(wanted))
        if sum(one.startswith(wanted[:size]) for one in _all(home)) == 1
    )  # fmt: skip
    assert len(short) < len(wanted)
    said = answer("anomaly", "confirm", short, home=home)["feedback"]
    assert said["incident_id"] == wanted
    for text in ("", "0"):
        outcome = call("anomaly", "confirm", text, "--json", home=home)
        assert outcome.code == 2, text
    assert len(answer("anomaly", "feedback", home=home)["feedback"]) == 1


def _all(home: Path) -> list[str]:
    return [one["id"] for one in answer("anomalies", "--expected", home=home)["anomalies"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("dismiss", "--reason", " "), "No reason was given"),
        (("expect", "--reason", "x", "--until", "2026-11-16"), "after 2026-11-16"),
        (("dismiss",), "Missing option '--reason'"),
    ],
)
def test_bad_feedback_leaves_with_2(
    arguments: tuple[str, ...], told: str, own_demo_home: Path
) -> None:
    known = next(iter(incidents(own_demo_home)))
    outcome = call("anomaly", arguments[0], known, *arguments[1:], "--json", home=own_demo_home)
    assert outcome.code == 2
    assert told in outcome.json["error"]["message"]


def test_the_page_hides_what_is_dismissed_and_brings_it_back(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(own_demo_home, "anomalies", monkeypatch)
    app.segmented_control(key="anomalies_which").set_value("all").run()
    ids = [button.key.removeprefix("confirm_") for button in app.button
           if button.key and button.key.startswith("confirm_")]  # fmt: skip
    assert len(ids) == 1, "there is one incident in the detail"
    dismiss = next(button for button in app.button if button.label == "Dismiss it")
    dismiss.click().run()
    assert "No reason was given" in app.error[0].value
    app.text_input(key=f"dismiss_reason_{ids[0]}").set_value("load test")
    next(button for button in app.button if button.label == "Dismiss it").click().run()
    assert not app.exception
    toggle = app.toggle(key="anomalies_settled")
    assert "dismissed or expected" in toggle.label
    assert f"confirm_{ids[0]}" not in [button.key for button in app.button]
    toggle.set_value(True).run()
    assert f"confirm_{ids[0]}" in [button.key for button in app.button]
    assert any("because load test" in text.value for text in app.markdown)
    next(button for button in app.button if button.label == "Take it back").click().run()
    assert not app.exception
    assert [toggle.key for toggle in app.toggle] == []
    assert f"confirm_{ids[0]}" in [button.key for button in app.button]


def test_the_overview_counts_no_incident_that_was_dismissed(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted() -> str:
        app = opened(own_demo_home, "overview", monkeypatch)
        [card] = [metric.value for metric in app.metric if metric.label == "Open anomalies"]
        return card

    whole = [one for one in incidents(own_demo_home).values() if one["is_open"]]
    shown = [one for one in whole if one["currency"] == "USD"]
    assert shown
    assert counted() == str(len(shown))
    for one in shown:
        answer("anomaly", "dismiss", one["id"], "--reason", "load test", home=own_demo_home)
    assert counted() == "0"


def linked(home: Path, monkeypatch: pytest.MonkeyPatch, identity: str, currency: str) -> AppTest:
    """The page as the link of an alert opens it."""
    app = opened(home, "anomalies", monkeypatch)
    app.query_params["anomaly"] = identity
    app.query_params["currency"] = currency
    return app.run()


def confirmable(app: AppTest) -> list[str]:
    """The incidents whose detail is shown."""
    keys = [button.key or "" for button in app.button]
    return [key.removeprefix("confirm_") for key in keys if key.startswith("confirm_")]


def test_a_link_opens_its_incident_and_no_other(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer("anomalies", "--open", home=demo_home)["anomalies"]
    (last,) = [one for one in found if one["currency"] == "USD"][-1:]
    app = linked(demo_home, monkeypatch, last["id"], "USD")
    assert not app.exception
    assert confirmable(app) == [last["id"]]
    assert not app.warning
    app = linked(demo_home, monkeypatch, "gone", "USD")
    assert not app.exception
    assert "That incident is not among those shown" in app.warning[0].value
    assert confirmable(app) == []


def test_a_link_in_another_currency_offers_it(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer("anomalies", "--expected", home=demo_home)["anomalies"]
    (other, *_) = [one for one in found if one["currency"] != "USD"]
    app = linked(demo_home, monkeypatch, other["id"], other["currency"])
    assert f"It is in {other['currency']}." in app.warning[0].value
    assert confirmable(app) == []
    app.button(key="anomalies_currency").click().run()
    assert not app.exception
    assert app.segmented_control(key="currency").value == other["currency"]
    app.segmented_control(key="anomalies_which").set_value("all").run()
    assert not app.warning
    assert confirmable(app) == [other["id"]]


def test_a_link_opens_what_the_filters_would_hide(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer("anomalies", "--expected", home=own_demo_home)["anomalies"]
    over = next(one for one in found if one["currency"] == "USD" and not one["is_open"])
    answer("anomaly", "dismiss", over["id"], "--reason", "load test", home=own_demo_home)
    app = linked(own_demo_home, monkeypatch, over["id"], "USD")
    assert not app.exception
    assert not app.warning
    assert confirmable(app) == [over["id"]]
    app.segmented_control(key="anomalies_which").set_value("open").run()
    assert not app.exception
    assert over["id"] not in confirmable(app), "the filters are the visitor's after that"
    app.query_params["anomaly"] = over["id"]
    app.run()
    assert confirmable(app) == [over["id"]], "the same link once more"
    app.query_params["anomaly"] = "nonsense"
    app.run()
    assert "not known" in app.warning[0].value


def test_the_address_names_the_incident_that_is_shown(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(demo_home, "anomalies", monkeypatch)
    assert [app.query_params["anomaly"]] == confirmable(app)


def test_a_fresh_visitor_of_a_link_gets_its_currency(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer("anomalies", "--expected", home=demo_home)["anomalies"]
    other = next(one for one in found if one["currency"] != "USD")
    monkeypatch.setenv("INSTANCE_SELECT_HOME", str(demo_home))
    app = AppTest.from_file(str(FOLDER / "main.py"), default_timeout=120)
    app.query_params["currency"] = other["currency"]
    app.run()
    assert not app.exception
    assert app.segmented_control(key="currency").value == other["currency"]
