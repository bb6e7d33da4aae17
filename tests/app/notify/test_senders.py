"""Senders that die between claiming and sending, come too late, or work at the same time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from builders import NOW, Watch, alerts, queue, sent, states, titles
from receivers import Answer, http_receiver

from actions.ledger import Ledger, open_ledger
from app.notify.outbox import LEASE, claim, messages, settle
from app.notify.outcome import Later, Sent

FOLDER = Path(__file__).parent


def run_beside(script: str, *arguments: str, **more: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(FOLDER)])}
    return subprocess.Popen(
        [sys.executable, str(FOLDER / script), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, **more,
    )  # fmt: skip


def url_of(ledger: Ledger) -> str:
    return ledger.engine.url.render_as_string(hide_password=False)


def test_a_sender_killed_between_claim_and_send_loses_nothing(ledger: Ledger) -> None:
    (identity,) = queue(ledger, "one")
    sender = run_beside("crash_between.py", url_of(ledger))
    assert sender.stdout is not None
    assert sender.stdout.readline().strip() == identity
    sender.send_signal(signal.SIGKILL)
    sender.wait(20)
    sender.stdout.close()
    assert sender.stdin is not None
    sender.stdin.close()
    clock = Watch()
    with http_receiver() as (url, receiver):
        assert sent(ledger, url, clock) == [], "its claim still holds"
        clock.now = NOW + LEASE
        assert [one.outcome for one in sent(ledger, url, clock)] == ["sent"]
    assert [got.headers["Idempotency-Key"] for got in receiver.got] == [identity]


def test_a_sender_that_comes_too_late_settles_nothing(ledger: Ledger) -> None:
    queue(ledger, "one")
    slow = claim(ledger, alerts(), NOW)
    assert slow is not None
    fast = claim(ledger, alerts(), NOW + LEASE)
    assert fast is not None
    settle(ledger, fast, Sent(), NOW + LEASE, Random(1))
    settle(ledger, slow, Later("too late"), NOW + LEASE, Random(1))
    (one,) = messages(ledger)
    assert (one["status"], one["last_error"]) == ("sent", None)


def several_senders(ledger: Ledger, url: str, count: int) -> Sequence[int]:
    senders = [run_beside("send_all.py", url_of(ledger), url) for _ in range(count)]
    for sender in senders:
        assert sender.stdin is not None
        sender.stdin.write("go\n")
        sender.stdin.flush()
    told = [sender.communicate(timeout=120)[0] for sender in senders]
    assert [sender.returncode for sender in senders] == [0] * count
    return [int(text) for text in told]


def test_two_senders_at_once_send_each_message_once(ledger: Ledger) -> None:
    queue(ledger, *(f"n{number}" for number in range(30)))
    with http_receiver(Answer(silence_seconds=0.02)) as (url, receiver):
        counts = several_senders(ledger, url, 2)
    assert sum(counts) == 30
    assert sorted(titles(receiver)) == sorted(f"n{number}" for number in range(30))


def test_two_senders_on_postgresql_send_each_message_once(
    postgres_database: Callable[[], str],
) -> None:
    ledger = open_ledger(postgres_database())
    queue(ledger, *(f"n{number}" for number in range(30)))
    with http_receiver(Answer(silence_seconds=0.02)) as (url, receiver):
        counts = several_senders(ledger, url, 2)
    assert sorted(titles(receiver)) == sorted(f"n{number}" for number in range(30))
    assert sum(counts) == 30
    assert set(states(ledger).values()) == {"sent"}
    ledger.close()
