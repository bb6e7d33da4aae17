"""The loop of `serve`: it sees publications, outlives errors, and does nothing without channels."""

import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

import pytest
from builders import alerts

from app.notify import watch
from app.notify.deliver import Result
from app.notify.notifier import Notifier
from app.notify.outbox import Draft
from pipelines.settings import Settings
from warehouse.lake import Lake


class Scripted(Notifier):
    """Says what the test publishes, and counts."""

    def __init__(self) -> None:
        self.snapshot: int | None = None
        self.looks = 0
        self.deliveries = 0

    def published(self) -> int | None:
        return self.snapshot

    def look(self) -> tuple[Sequence[Draft], Sequence[str]]:
        self.looks += 1
        return (), ("a note",)

    def deliver(self) -> list[Result]:
        self.deliveries += 1
        return [Result("1", "hook", "t", "later", "down")]


def test_a_publication_is_looked_at_once_and_what_is_due_is_sent_each_turn(
    capfd: pytest.CaptureFixture[str],
) -> None:
    notifier = Scripted()
    turn = watch._Watch(notifier).turn  # pyright: ignore[reportPrivateUsage]
    for _ in range(3):
        turn()
    assert (notifier.looks, notifier.deliveries) == (1, 3)
    notifier.snapshot = 7
    turn()
    turn()
    assert notifier.looks == 2
    told = capfd.readouterr().err
    assert told.count("a note") == 1, "said once, not at each look"
    assert "Alert on hook later: down" in told


def test_time_alone_makes_it_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = Scripted()
    turn = watch._Watch(notifier).turn  # pyright: ignore[reportPrivateUsage]
    turn()
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.0)
    turn()
    assert notifier.looks == 2


def test_the_loop_outlives_an_error_and_ends_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    calls: list[int] = []

    def fails(self: Notifier) -> int | None:
        calls.append(1)
        raise OSError("disk on fire")

    monkeypatch.setattr(Notifier, "published", fails)
    monkeypatch.setattr(watch, "REST_SECONDS", 0.01)
    settings = Settings(home=tmp_path, alerts=alerts())
    with watch.watching(settings):
        deadline = monotonic() + 20
        while len(calls) < 3 and monotonic() < deadline:
            sleep(0.01)
    assert len(calls) >= 3
    assert "alerts" not in [thread.name for thread in threading.enumerate()]
    assert "disk on fire" in capfd.readouterr().err


def test_a_server_that_is_away_is_told_once_and_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    away = "postgresql://me:hunter2@127.0.0.1:1/x"
    monkeypatch.setattr(watch, "REST_SECONDS", 0.01)
    settings = Settings(home=tmp_path, catalog=away, ledger=away, alerts=alerts())
    with watch.watching(settings):
        sleep(2)
    told = capfd.readouterr().err
    assert told.count("The alerts wait: ") == 1
    assert "Connection refused" in told
    assert "hunter2" not in told
    assert "Traceback" not in told


def test_without_channels_nothing_runs(tmp_path: Path) -> None:
    with watch.watching(Settings(home=tmp_path)):
        assert "alerts" not in [thread.name for thread in threading.enumerate()]
    assert list(tmp_path.iterdir()) == []


def test_the_newest_publication_is_followed(tmp_path: Path) -> None:
    from datetime import datetime

    settings = Settings(home=tmp_path, alerts=alerts())
    notifier = Notifier(settings)
    assert notifier.published() is None
    lake = Lake(settings)
    with lake.write("create") as write:
        pass
    assert notifier.published() is None
    for day in (1, 2):
        at = datetime(2026, 11, day)
        lake.publish(write.snapshot + day - 1, at, f"r{day}", at)
        assert notifier.published() == write.snapshot + day - 1
    notifier.close()
    lake.close()
