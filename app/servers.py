"""Child processes that serve something: start, wait until they answer, stop every one."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from app.errors import NotStarted

HOST = "127.0.0.1"
START_SECONDS = 180  # Dagster needs half a minute on a quiet machine with two cores
STOP_SECONDS = 15
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Server:
    """One child process; `answers` tells whether it is up."""

    name: str
    process: "subprocess.Popen[bytes]"
    answers: Callable[[], bool]


class Servers:
    """The children of one command. Nothing is restarted: if one ends, all are stopped."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.interrupted = False
        self._environment = {**os.environ, **environment, "PYTHONSAFEPATH": "1"}
        self._children: list[Server] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)

    def start(
        self, name: str, module: str, arguments: Sequence[str], answers: Callable[[], bool]
    ) -> None:
        """Run `python -m module arguments`; all it writes goes to stderr."""
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,  # an interrupt at the terminal reaches only us
        )
        self._children.append(Server(name, process, answers))

    def wait_until_up(self) -> None:
        """Return when all answer, or when interrupted. Raises `NotStarted`."""
        deadline = monotonic() + START_SECONDS
        for child in self._children:
            while not self.interrupted and not child.answers():
                self._raise_if_ended()
                if monotonic() > deadline:
                    raise NotStarted(
                        f"{child.name} does not answer after {START_SECONDS} seconds. "
                        "What it wrote is above."
                    )
                sleep(POLL_SECONDS)

    def wait_until_interrupted(self) -> None:
        """Return on SIGINT or SIGTERM. Raises `NotStarted` as soon as a child ends by itself."""
        while not self.interrupted:
            self._raise_if_ended()
            sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ask every child to end, wait, then end what is left of its process group."""
        for child in self._children:
            child.process.terminate()
        deadline = monotonic() + STOP_SECONDS
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(deadline - monotonic(), 0.1))
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()

    def _interrupt(self, *_: object) -> None:
        self.interrupted = True

    def _raise_if_ended(self) -> None:
        for child in self._children:
            code = child.process.poll()
            if code is not None and not self.interrupted:
                raise NotStarted(
                    f"{child.name} ended by itself with code {code}, so everything was stopped. "
                    "What it wrote is above."
                )


def free_port(wanted: int, say: Callable[[str], None]) -> int:
    """The wanted port, or the next free one. Raises `NotStarted` when 50 in a row are taken."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port != wanted:
            say(f"Port {wanted} is taken by another program; using {port} instead.")
        return port
    raise NotStarted(
        f"The ports {wanted} to {wanted + 49} are all taken. Set dashboard_port or dagster_port."
    )


def any_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def answers_http(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urlopen(url, timeout=5) as response:
            return response.status == 200
    except (URLError, TimeoutError, ConnectionError):
        return False


def accepts(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
