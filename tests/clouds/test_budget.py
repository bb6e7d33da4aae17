from dataclasses import dataclass, field
from threading import Thread

import pytest

from clouds.budget import ATTEMPTS, Budget, budget
from clouds.errors import Throttled


class TooMany(Exception):
    """A cloud's answer to too many calls."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds


@dataclass
class Clock:
    """Time that passes only while somebody waits."""

    now: float = 100.0
    waits: list[float] = field(default_factory=list[float])

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def throttled(error: Exception) -> float | None:
    return error.seconds if isinstance(error, TooMany) else None


def bucket(clock: Clock, per_second: float = 10, burst: float = 5) -> Budget:
    return Budget("ec2 of 1", per_second, burst, clock, clock.wait)


def test_a_burst_is_free_and_then_calls_are_spread() -> None:
    clock = Clock()
    shared = bucket(clock)
    for _ in range(5):
        shared.take()
    assert clock.waits == []
    for _ in range(10):
        shared.take()
    assert clock.now - 100 == pytest.approx(1.0)


def test_a_pause_holds_for_everybody_who_shares_the_bucket() -> None:
    clock = Clock()
    shared = bucket(clock)
    shared.pause(7)
    shared.take()
    assert clock.now >= 107


def test_a_call_is_made_again_when_the_cloud_says_so() -> None:
    clock = Clock()
    answers = iter([TooMany(3), TooMany(2), "done"])

    def call() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert bucket(clock).call("list", call, throttled) == "done"
    assert clock.now >= 105


def test_where_the_cloud_names_no_time_the_waits_grow() -> None:
    clock = Clock()

    def call() -> None:
        raise TooMany

    with pytest.raises(Throttled, match="list was throttled"):
        bucket(clock).call("list", call, throttled)
    pauses = [wait for wait in clock.waits if wait > 0.11]
    assert len(pauses) == ATTEMPTS - 1
    assert pauses == sorted(pauses)


def test_a_cloud_that_asks_to_wait_too_long_is_left_alone_at_once() -> None:
    clock = Clock()

    def call() -> None:
        raise TooMany(3600)

    with pytest.raises(Throttled, match="3600 seconds"):
        bucket(clock).call("list", call, throttled)
    assert clock.now == 100


def test_any_other_error_is_raised_at_once() -> None:
    def call() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        bucket(Clock()).call("list", call, throttled)


def test_threads_together_do_not_call_faster_than_one() -> None:
    clock = Clock()
    shared = bucket(clock, per_second=1000, burst=1)
    threads = [Thread(target=lambda: [shared.take() for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now - 100 >= 199 / 1000 - 1e-9


def test_one_account_and_api_have_one_bucket() -> None:
    assert budget("1", "ec2") is budget("1", "ec2")
    assert budget("1", "ec2") is not budget("2", "ec2")
