"""What workloads use, from a real Prometheus with a history that was written before it began."""

import shutil
import subprocess
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from servers import free_port, started

from clouds.budget import Budget
from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA
from clouds.errors import Unreadable
from clouds.kubernetes.access import Session
from clouds.kubernetes.connection import Kubernetes
from clouds.prometheus import Prometheus, parse_matrix

UNTIL = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
HOURS = 4  # of history
STEP = 60  # seconds between scrapes
GIB = 2**30
PODS = {  # pod -> cores, GiB
    "web-7d4b9c6f5-abcde": (0.5, 1.0),
    "web-7d4b9c6f5-fghij": (0.25, 2.0),
    "web-admin-6c5d4b3a2-klmno": (3.0, 9.0),  # of another deployment whose name begins alike
    "db-0": (1.0, 4.0),
    "agent-x1y2z": (0.125, 0.5),
}


def history() -> str:
    """Samples of all pods, with the sums that cAdvisor gives beside the containers."""
    end = int(UNTIL.replace(tzinfo=UTC).timestamp())
    times = range(end - HOURS * 3600, end, STEP)
    cpu, memory = "container_cpu_usage_seconds", "container_memory_working_set_bytes"
    lines = [f"# TYPE {cpu} counter"]
    for pod, (cores, _) in PODS.items():
        for container in ("app", ""):
            labels = f'namespace="shop",pod="{pod}",container="{container}"'
            lines += [f"{cpu}_total{{{labels}}} {(t - times[0]) * cores} {t}" for t in times]
    lines.append(f"# TYPE {memory} gauge")
    for pod, (_, gib) in PODS.items():
        labels = f'namespace="shop",pod="{pod}",container="app"'
        lines += [f"{memory}{{{labels}}} {gib * GIB} {t}" for t in times]
    return "\n".join([*lines, "# EOF\n"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("no Prometheus here: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history.txt").write_text(history())
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"],
        cwd=folder, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    port = free_port()
    command = ["prometheus", f"--config.file={folder}/prometheus.yml",
               f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=1y",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with started(command, port, 60):
        yield f"http://reader:s3cr3t@127.0.0.1:{port}"


def wanted(*ids: str, hours: int = 2) -> pl.DataFrame:
    row = {"cloud": "kubernetes", "account": "prod", "region": "global", "kind": "workload",
           "since": UNTIL - timedelta(hours=hours)}  # fmt: skip
    return pl.DataFrame([{"resource_id": each, **row} for each in ids], schema=dict(WANTED_SCHEMA))


def read(server: str, asked: pl.DataFrame) -> pl.DataFrame:
    cloud = Kubernetes(Session(cluster="prod"), server)
    chunks = list(cloud.metrics(asked, UNTIL))
    assert [failure for chunk in chunks for failure in chunk.failed] == []
    return pl.concat(chunk.rows for chunk in chunks).sort("metric", "resource_id", "hour")


def test_a_workload_uses_what_its_pods_use_per_replica(server: str) -> None:
    ids = ("shop/deployment/web", "shop/statefulset/db", "shop/daemonset/agent")
    rows = read(server, wanted(*ids))
    assert dict(rows.schema) == dict(METRIC_SCHEMA)
    hours = [UNTIL - timedelta(hours=2), UNTIL - timedelta(hours=1)]
    found = rows.select("metric", "resource_id", "hour", "avg", "max", "samples").rows()
    assert [(*row[:3], pytest.approx(row[3]), pytest.approx(row[4]), row[5]) for row in [
        (metric, resource, hour, average, most, samples)
        for metric, resource, average, most, samples in (
            ("cpu_cores", "shop/daemonset/agent", 0.125, 0.125, 12),
            ("cpu_cores", "shop/deployment/web", 0.375, 0.5, 24),
            ("cpu_cores", "shop/statefulset/db", 1.0, 1.0, 12),
            ("memory_gib", "shop/daemonset/agent", 0.5, 0.5, 12),
            ("memory_gib", "shop/deployment/web", 1.5, 2.0, 24),
            ("memory_gib", "shop/statefulset/db", 4.0, 4.0, 12),
        )
        for hour in hours
    ]] == found  # fmt: skip


def test_hours_before_the_history_have_no_row(server: str) -> None:
    rows = read(server, wanted("shop/statefulset/db", hours=30)).filter(metric="memory_gib")
    assert rows.height == HOURS
    assert rows["hour"].min() == UNTIL - timedelta(hours=HOURS)


def test_a_workload_that_never_ran_has_no_row(server: str) -> None:
    assert read(server, wanted("other/deployment/web")).is_empty()


def test_only_workloads_are_measured() -> None:
    asked = wanted("node/a").with_columns(kind=pl.lit("node"))
    assert (
        list(Kubernetes(Session(cluster="prod"), "http://127.0.0.1:9").metrics(asked, UNTIL)) == []
    )


def test_a_prometheus_that_is_down_is_reported_without_its_password() -> None:
    url = "http://reader:s3cr3t@127.0.0.1:9"
    [*_, last] = Kubernetes(Session(cluster="prod"), url).metrics(wanted("a/deployment/b"), UNTIL)
    assert {(each.region, each.kind) for each in last.failed} == {("global", "workload")}
    assert "Prometheus at http://127.0.0.1:9 does not answer" in last.failed[0].reason
    assert "s3cr3t" not in f"{last.failed} {Prometheus(url, 'kubernetes', 'prod')!r}"


def test_a_query_that_is_refused_says_why(server: str) -> None:
    with pytest.raises(Unreadable, match="answered 400"):
        Prometheus(server, "kubernetes", "prod", Budget("test")).query_range("(", UNTIL, UNTIL, 60)


def test_what_is_no_number_was_not_measured() -> None:
    answer = {"result": [{"metric": {}, "values": [[1, "NaN"], [2, "+Inf"], [3, "1.5"]]}]}
    assert parse_matrix(answer)[0].samples == {3: 1.5}
