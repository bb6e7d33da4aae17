"""serve: both servers answer, a taken port is told, everything ends with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from servers import free_port

SECONDS = 200


def children(parent: int) -> set[int]:
    """Process ids of all descendants."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found |= {int(folder.name), *children(int(folder.name))}
    return found


def location_of(dagster: str) -> str:
    """The name by which Dagster knows the schedules that somebody turned off."""
    query = "{repositoriesOrError{... on RepositoryConnection{nodes{location{name}}}}}"
    asked = Request(
        f"{dagster}/graphql", json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )  # fmt: skip
    with urlopen(asked, timeout=20) as answer:
        (node,) = json.load(answer)["data"]["repositoriesOrError"]["nodes"]
    return node["location"]["name"]


@pytest.mark.slow
def test_serve_answers_on_both_addresses_and_stops_everything(demo_home: Path) -> None:
    wanted = free_port()
    environment = {**os.environ, "INSTANCE_SELECT_DAGSTER_PORT": str(free_port())}
    command = [sys.executable, "-m", "app", "serve", "--json", "--home", str(demo_home)]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", wanted))
        taken.listen()
        serving = subprocess.Popen(
            [*command, "--port", str(wanted)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert serving.stdout is not None
        line = serving.stdout.readline()
    try:
        urls = json.loads(line)["serving"]
        assert urls["dashboard"] != f"http://127.0.0.1:{wanted}"
        with urlopen(urls["dashboard"], timeout=20) as page:
            assert b"<title>" in page.read()
        query = urlopen(f"{urls['dagster']}/server_info", timeout=20)
        assert "dagster_version" in json.load(query)
        query.close()
        assert location_of(urls["dagster"]) == "instance-select", (
            "a port would be another each time"
        )
        processes = children(serving.pid)
        assert len(processes) >= 4
    finally:
        serving.send_signal(signal.SIGTERM)
        _, stderr = serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert f"Port {wanted} is taken" in stderr
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline, "a child survived"
        time.sleep(0.2)


def test_serve_without_scheduler_is_only_the_dashboard(demo_home: Path) -> None:
    command = [sys.executable, "-m", "app", "serve", "--no-scheduler", "--json"]
    serving = subprocess.Popen(
        [*command, "--port", str(free_port()), "--home", str(demo_home)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    line = serving.stdout.readline()
    serving.send_signal(signal.SIGINT)
    serving.wait(60)
    serving.stdout.close()
    assert set(json.loads(line)["serving"]) == {"dashboard"}
    assert serving.returncode == 0
