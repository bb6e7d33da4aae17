"""Webhooks against a real HTTP server: what is sent, and what each answer leads to."""

import hashlib
import hmac
import json
import re
import socket
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from builders import message, parcel
from hypothesis import given
from hypothesis import strategies as st
from receivers import Answer, Got, http_receiver

from app.notify import post as posting
from app.notify.channels import slack
from app.notify.deliver import send
from app.notify.outcome import Later, Never, Outcome, Sent
from pipelines.alert_settings import SlackSettings, WebhookSettings

SLACK_BLOCKS, SLACK_TEXT, SLACK_HEADER = 50, 3000, 150
HERE = Path()


def hook(url: str, **more: Any) -> WebhookSettings:
    return WebhookSettings.model_validate({"name": "hook", "kind": "webhook", "url": url, **more})


def posted(*answers: Answer, **more: Any) -> tuple[Outcome, list[Got]]:
    with http_receiver(*answers) as (url, receiver):
        outcome = send(hook(f"{url}/in?token=t0p", **more), parcel(), HERE)
    return outcome, receiver.got


def test_the_document_carries_everything_and_the_key_of_idempotency() -> None:
    outcome, (got,) = posted()
    assert outcome == Sent()
    assert got.path == "/in?token=t0p"
    assert got.headers["Idempotency-Key"] == "f00d"
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    document = got.json
    assert document["id"] == "f00d"
    assert document["created_at"] == "2026-11-25T12:00:00Z"
    assert document["facts"]["Likely cause"] == "a <new> disk & more"
    assert {"rule", "kind", "phase", "severity", "title", "text", "advice", "link", "data"} <= set(
        document
    )


def test_user_and_password_of_an_address_become_basic_authentication() -> None:
    with http_receiver() as (url, receiver):
        mine = url.replace("://", "://ann:p%40ss%3Aword@")
        assert send(hook(f"{mine}/in"), parcel(), HERE) == Sent()
    (got,) = receiver.got
    assert got.headers["Authorization"] == "Basic " + b64encode(b"ann:p@ss:word").decode()
    assert "ann" not in got.headers["Host"]
    outcome = send(hook(f"{mine}/in"), parcel(), HERE)
    assert outcome == Later("127.0.0.1 can't be reached: Connection refused.")


def test_a_key_signs_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y")
    _, (got,) = posted(sign_with={"env": "HOOK_KEY"})
    expected = hmac.new(b"k3y", got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Instance-Select-Signature"] == f"sha256={expected}"
    assert b"k3y" not in got.body


def test_a_missing_key_is_tried_again_and_names_only_the_variable() -> None:
    outcome, got = posted(sign_with={"env": "NOT_SET_ANYWHERE"})
    assert isinstance(outcome, Later)
    assert "NOT_SET_ANYWHERE" in outcome.reason
    assert got == []


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429])
def test_what_may_work_later_is_tried_again(status: int) -> None:
    outcome, _ = posted(Answer(status, body=b"try\nlater"))
    assert isinstance(outcome, Later)
    assert outcome.reason == f"127.0.0.1 answered {status} (try later)"
    assert outcome.wait is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    outcome, _ = posted(Answer(status, body=b"<html>no</html>"))
    assert outcome == Never(f"127.0.0.1 answered {status}")


def test_a_redirection_is_not_followed() -> None:
    outcome, got = posted(Answer(302, {"Location": "/elsewhere"}))
    assert isinstance(outcome, Never)
    assert "moved to" in outcome.reason
    assert len(got) == 1


@pytest.mark.parametrize("filling", ["", "x" * 170])
def test_an_answer_that_repeats_the_address_does_not_tell_its_secrets(filling: str) -> None:
    body = (
        f'{{"error": "Not Found{filling}", "path": "/services/T0AAAA/s3cr%65t-hook",'
        ' "url": "\\/services\\/T0AAAA\\/s3cret-hook?key=s3cret-key", "user": "s3cret-login"}'
    )
    with http_receiver(Answer(404, body=body.encode())) as (url, _):
        secret = url.replace("//", "//ann:s3cret-login@")
        address = f"{secret}/services/T0AAAA/s3cr%65t-hook?key=s3cret-key"
        outcome = send(hook(address), parcel(), HERE)
    assert isinstance(outcome, Never)
    assert "answered 404" in outcome.reason
    assert "Not Found" in outcome.reason
    for part in ("T0AAAA", "s3cr", "login"):
        assert part not in outcome.reason


def test_retry_after_is_obeyed_in_seconds_and_as_a_date() -> None:
    outcome, _ = posted(Answer(429, {"Retry-After": "120"}))
    assert isinstance(outcome, Later)
    assert outcome.wait == timedelta(seconds=120)
    at = datetime.now(UTC) + timedelta(hours=2)
    outcome, _ = posted(Answer(503, {"Retry-After": format_datetime(at, usegmt=True)}))
    assert isinstance(outcome, Later)
    assert outcome.wait is not None
    assert timedelta(minutes=119) < outcome.wait <= timedelta(hours=2)


@given(st.text(max_size=40) | st.integers(-(10**30), 10**30).map(str))
def test_any_retry_after_is_a_wait_of_a_day_at_most(value: str) -> None:
    wait = posting.retry_after(value, datetime(2026, 11, 25, tzinfo=UTC))
    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


def test_silence_ends_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.3)
    outcome, got = posted(Answer(silence_seconds=30))
    assert isinstance(outcome, Later)
    assert "did not answer within" in outcome.reason
    assert len(got) == 1


def test_headers_a_byte_at_a_time_end_after_the_limit() -> None:
    with http_receiver(Answer(trickle_seconds=30)) as (url, _):
        begun = monotonic()
        outcome = send(hook(url), parcel(), HERE, most_seconds=0.5)
        assert monotonic() - begun < 5
    assert outcome == Later("it took longer than 0.5 seconds")


def test_nobody_waits_for_a_slow_body() -> None:
    begun = monotonic()
    outcome, _ = posted(Answer(slow_body_seconds=30))
    assert outcome == Sent()
    assert monotonic() - begun < 5


def test_a_slow_body_of_a_refusal_is_a_refusal() -> None:
    begun = monotonic()
    outcome, _ = posted(Answer(400, body=b"bad", slow_body_seconds=30))
    assert outcome == Never("127.0.0.1 answered 400 (bad)")
    assert monotonic() - begun < 5


def test_nobody_there_is_tried_again_and_the_url_is_not_told() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = send(hook(f"http://127.0.0.1:{port}/t0p-secret"), parcel(), HERE)
    assert outcome == Later("127.0.0.1 can't be reached: Connection refused.")


@pytest.mark.parametrize("bytes_sent", [b"", b"garbage\r\n\r\n"])
def test_something_that_speaks_no_http_is_tried_again(bytes_sent: bytes) -> None:
    from threading import Thread

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(bytes_sent)

        thread = Thread(target=answer)
        thread.start()
        outcome = send(hook(f"http://127.0.0.1:{server.getsockname()[1]}/"), parcel(), HERE)
        thread.join()
    assert isinstance(outcome, Later)


@pytest.mark.parametrize("kind", ["slack", "webhook"])
@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com/services/t0p-s3cret",
        "ftp://hooks.example.com/t0p-s3cret",
        "https:///t0p-s3cret",
        "https://hooks.example.com:t0p-s3cret/",
        "https://[hooks/t0p-s3cret",
        "https://hooks.example.com/t0p-s3cret\u00e9",
        "https://hooks.example.com/t0p s3cret",
    ],
)
def test_what_is_no_url_is_named_by_its_variable_only(
    kind: str, url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOOK_URL", url)
    channel = {"slack": SlackSettings, "webhook": WebhookSettings}[kind].model_validate(
        {"name": "team", "kind": kind, "url_from": {"env": "HOOK_URL"}}
    )
    outcome = send(channel, parcel("team"), HERE)
    assert isinstance(outcome, Later)
    assert "the variable HOOK_URL is no address" in outcome.reason
    told = capfd.readouterr()
    assert "s3cret" not in f"{outcome} {told.out} {told.err}"


def test_a_file_is_no_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answer").write_text("ok")
    monkeypatch.setenv("HOOK_URL", f"file://localhost{tmp_path}/answer")
    channel = SlackSettings.model_validate(
        {"name": "team", "kind": "slack", "url_from": {"env": "HOOK_URL"}}
    )
    assert isinstance(send(channel, parcel("team"), HERE), Later)

    def any_url(url: str) -> bool:
        return True

    monkeypatch.setattr(posting, "_is_web", any_url)
    assert isinstance(send(channel, parcel("team"), HERE), Later), "nor does the opener know files"


def test_the_text_of_an_unexpected_error_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any) -> Outcome:
        raise ValueError("unknown url type: 't0p-s3cret'")

    monkeypatch.setattr("app.notify.channels.webhook.post", fails)
    outcome = send(hook("http://127.0.0.1:9/"), parcel(), HERE)
    assert isinstance(outcome, Later)
    assert "unexpected ValueError at test_webhook.py:" in outcome.reason
    told = capfd.readouterr()
    assert "s3cret" not in f"{outcome} {told.out} {told.err}"


# Slack


def is_within_limits(payload: dict[str, Any]) -> bool:
    """docs.slack.dev/reference/block-kit/blocks."""
    blocks = payload["blocks"]
    assert 1 <= len(blocks) <= SLACK_BLOCKS
    assert 1 <= len(payload["text"]) <= SLACK_TEXT
    for block in blocks:
        text = block["text"]
        match block["type"]:
            case "header":
                assert text["type"] == "plain_text"
                assert 1 <= len(text["text"]) <= SLACK_HEADER
            case "section":
                assert text["type"] == "mrkdwn"
                assert 1 <= len(text["text"]) <= SLACK_TEXT
            case other:
                raise AssertionError(f"unexpected block {other}")
    return True


def test_slack_gets_text_and_blocks_at_its_secret_url(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver(Answer(body=b"ok")) as (url, receiver):
        monkeypatch.setenv("SLACK_URL", f"{url}/services/T0/B0/s3cret")
        channel = SlackSettings.model_validate(
            {"name": "team", "kind": "slack", "url_from": {"env": "SLACK_URL"}}
        )
        assert send(channel, parcel("team"), HERE) == Sent()
    (got,) = receiver.got
    assert got.path == "/services/T0/B0/s3cret"
    assert is_within_limits(got.json)
    text = json.dumps(got.json)
    assert "a &lt;new&gt; disk &amp; more" in text
    assert "<https://c.example/a?b|Open the page>" in text


@given(
    st.text(min_size=1, max_size=5000),
    st.lists(st.tuples(st.text(max_size=2000), st.text(max_size=4000)), max_size=80),
    st.text(max_size=4000),
)
def test_any_message_keeps_within_the_limits_of_slack(
    title: str, facts: list[tuple[str, str]], advice: str
) -> None:
    payload = slack.payload(message(title, facts=tuple(facts), advice=advice))
    assert is_within_limits(payload)
    for section in payload["blocks"][1:-1]:
        assert not re.search(r"<(?!https://c\.example)", section["text"]["text"])
