"""Real servers for the tests of our own machines: libvirt's test driver, its daemon, Prometheus."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from servers import free_port

INSTALL = ".ci/install-test-servers"
ALIVE_SECONDS = 60


def program(name: str) -> str:
    """Path of an installed program; skips the test if it is not there."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"no {name} here: {INSTALL}")
    return found


def need_libvirt() -> None:
    """Skips the test if the binding of libvirt is not installed."""
    if subprocess.run([sys.executable, "-c", "import libvirt"], capture_output=True).returncode:
        pytest.skip(f"no Python module libvirt here: {INSTALL}")


@contextmanager
def libvirt_daemon() -> Generator[str]:
    """A libvirtd of our own; yields the URI of its test driver, the same estate for all who ask.

    It runs unprivileged in a folder of its own, so that it meets no other daemon.
    """
    need_libvirt()
    binary = program("libvirtd")
    owner = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="virt-") as name:  # short: it is part of a socket
        folder = Path(name)
        configuration = {
            "listen_tls": "0", "listen_tcp": "0", "unix_sock_dir": f'"{folder}"',
            "auth_unix_rw": '"none"', "auth_unix_ro": '"none"',
        }  # fmt: skip
        lines = [f"{key} = {value}\n" for key, value in configuration.items()]
        (folder / "libvirtd.conf").write_text("".join(lines))
        if owner:
            shutil.chown(folder, owner)
        homes = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
        command = [binary, "-f", str(folder / "libvirtd.conf"), "-p", str(folder / "pid")]
        environment = dict.fromkeys(homes, name) | {"PATH": os.environ.get("PATH", "")}
        with _running(command, folder / "log", environment, owner):
            _wait_for((folder / "libvirt-sock").exists, folder / "log")
            uri = f"test+unix:///default?socket={folder}/libvirt-sock"
            keeper = import_module("libvirt").openReadOnly(
                uri
            )  # the estate lives while one is open
            yield uri
            keeper.close()


Sample = tuple[str, Mapping[str, str], int, float]
"""Metric, labels, seconds since 1970, value."""


@contextmanager
def prometheus_server(folder: Path, history: Iterable[Sample] = ()) -> Generator[str]:
    """A Prometheus with this history and nothing to scrape but itself; yields its address."""
    binary = program("prometheus")
    samples = list(history)
    if samples:
        _fill(folder, samples)
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: prometheus\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    )
    command = [
        binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=10y", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with _running(command, folder / "log", dict(os.environ), None):
        _wait_for(lambda: _answers(f"{url}/-/ready"), folder / "log")
        yield url


@contextmanager
def exporter(name: str, folder: Path, *options: str) -> Generator[str]:
    """An exporter on a free port; yields what it exposes."""
    port = free_port()
    command = [program(name), f"--web.listen-address=127.0.0.1:{port}", *options]
    url = f"http://127.0.0.1:{port}/metrics"
    with _running(command, folder / f"{name}.log", dict(os.environ), None):
        _wait_for(lambda: _answers(url), folder / f"{name}.log")
        with urllib.request.urlopen(url, timeout=30) as answer:
            yield answer.read().decode()


def _fill(folder: Path, samples: Sequence[Sample]) -> None:
    """Blocks of history, which must be there before the server starts."""
    by_metric: dict[str, list[Sample]] = {}
    for sample in samples:
        by_metric.setdefault(sample[0], []).append(sample)
    with (folder / "history.txt").open("w") as out:
        for metric, lines in by_metric.items():
            kind = "counter" if metric.endswith("_total") else "gauge"
            out.write(f"# TYPE {metric.removesuffix('_total')} {kind}\n")
            for _, labels, at, value in lines:
                inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
                out.write(f"{metric}{{{inside}}} {value!r} {at}\n")
        out.write("# EOF\n")
    done = subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics",
         str(folder / "history.txt"), str(folder / "data")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


@contextmanager
def _running(
    command: Sequence[str], log: Path, environment: Mapping[str, str], owner: str | None
) -> Generator[None]:
    with log.open("w") as told:
        process = subprocess.Popen(
            command, stdout=told, stderr=subprocess.STDOUT, env=environment, user=owner, cwd="/"
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=ALIVE_SECONDS)


def _wait_for(is_there: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + ALIVE_SECONDS
    while not is_there():
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
