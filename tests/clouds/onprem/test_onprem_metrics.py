"""Measurements from a real Prometheus whose history is known to the second."""

import re
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import polars as pl
import pytest
from onprem_servers import Sample, exporter, libvirt_daemon, prometheus_server

from clouds.budget import budget
from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA, Failure
from clouds.errors import Unauthorized, UnknownOption, Unreadable
from clouds.onprem import connect
from clouds.onprem.inventory import read as read_inventory
from clouds.onprem.metrics import Names, Place, is_host, read
from clouds.onprem.queries import HOST, INSTANCE, read_queries
from clouds.prometheus import Prometheus

UNTIL = datetime(2026, 11, 20, 12)
SINCE = UNTIL - timedelta(hours=6)
WEB, DB, TWIN, GONE = "u-web", "u-db", "u-twin", "u-gone"
NAMES = Names(
    [Place(WEB, "web", "kvm-1"), Place(DB, "db", "kvm-1"), Place(TWIN, "db", "kvm-2")]
)  # two hosts have a machine named db


def server(url: str, account: str) -> Prometheus:
    return Prometheus(url, "onprem", account)


def moments(since: datetime, until: datetime, seconds: int = 60) -> Iterator[datetime]:
    while since < until:
        yield since
        since += timedelta(seconds=seconds)


def history() -> Iterator[Sample]:
    """web uses 0.5 of 2 vCPUs, 1.5 in the last quarter of each hour; it is off from 8 to 10."""
    here = {"domain": "web", "uuid": WEB, "instance": "kvm-1.example.net:9177"}
    used = 0.0
    for at in moments(SINCE - timedelta(hours=1), UNTIL + timedelta(hours=1)):
        off = 8 <= at.hour < 10 and at.day == 20
        if at == SINCE + timedelta(hours=4, minutes=30):
            used = 0.0  # started anew: the counter begins again
        if not off:
            yield "libvirt_domain_info_cpu_time_seconds_total", here, _seconds(at), used
            yield "libvirt_domain_info_virtual_cpus", here, _seconds(at), 2.0
            for number, name in enumerate(("vnet0", "vnet1"), start=1):
                card = here | {"target_device": name}
                sent = 100.0 * number * (_seconds(at) - _seconds(SINCE) + 7200)
                yield "libvirt_domain_interface_stats_receive_bytes_total", card, _seconds(at), sent
                yield (
                    "libvirt_domain_interface_stats_transmit_bytes_total", card, _seconds(at),
                    2 * sent,
                )  # fmt: skip
        used += 60 * (1.5 if at.minute >= 45 else 0.5)
    for host, vcpus in (("kvm-1", 1.0), ("kvm-2", 4.0)):  # an exporter that knows no UUIDs
        for at in moments(SINCE, UNTIL):
            labels = {"domain": "db", "instance": f"{host}:9177"}
            spent = (_seconds(at) - _seconds(SINCE)) * 0.5
            yield "libvirt_domain_info_cpu_time_seconds_total", labels, _seconds(at), spent
            yield "libvirt_domain_info_virtual_cpus", labels, _seconds(at), vcpus
    for at in moments(SINCE, SINCE + timedelta(hours=1)):
        labels = {"domain": "gone", "uuid": GONE, "instance": "kvm-1:9177"}
        yield "libvirt_domain_memory_stats_used_percent", labels, _seconds(at), float(at.minute)
    for at in moments(SINCE, SINCE + timedelta(hours=2)):
        for cpu in ("0", "1"):
            labels = {"instance": "kvm-1.example.net:9100", "cpu": cpu, "mode": "idle"}
            idle = (_seconds(at) - _seconds(SINCE)) * 0.75
            yield "node_cpu_seconds_total", labels, _seconds(at), idle
        memory = {"instance": "kvm-1.example.net:9100"}
        yield "node_memory_MemTotal_bytes", memory, _seconds(at), 64.0 * 2**30
        yield "node_memory_MemAvailable_bytes", memory, _seconds(at), 16.0 * 2**30


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with prometheus_server(tmp_path_factory.mktemp("prometheus"), history()) as url:
        yield url


def wanted(*ids: str, kind: str = "instance", since: datetime = SINCE) -> pl.DataFrame:
    rows = [
        {"cloud": "onprem", "account": "dc", "region": "fra", "resource_id": each, "kind": kind,
         "since": since}
        for each in ids
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(WANTED_SCHEMA))


def measure(url: str, asked: pl.DataFrame, until: datetime = UNTIL) -> pl.DataFrame:
    chunks = list(read(server(url, "dc"), read_queries(None), NAMES, asked, until))
    assert [failure for chunk in chunks for failure in chunk.failed] == []
    empty = pl.DataFrame(schema=dict(METRIC_SCHEMA))
    return pl.concat([empty, *(chunk.rows for chunk in chunks)]).sort("metric", "hour")


def hours(rows: pl.DataFrame, metric: str) -> dict[int, dict[str, Any]]:
    found = rows.filter(pl.col("metric") == metric)
    return {row["hour"].hour: row for row in found.iter_rows(named=True)}


def test_an_hour_has_average_peak_percentiles_and_the_number_of_samples(address: str) -> None:
    cpu = hours(measure(address, wanted(WEB)), "cpu_percent")[7]
    assert cpu["samples"] == 60
    assert cpu["avg"] == pytest.approx(37.5, abs=2.5)  # 25 for 45 minutes, 75 for 15
    assert cpu["max"] == pytest.approx(75, abs=0.1)
    assert cpu["p95"] == pytest.approx(75, abs=0.1)
    assert (cpu["p99"], cpu["resource_id"]) == (pytest.approx(75, abs=0.1), WEB)


def test_hours_without_samples_are_gaps_and_not_zeros(address: str) -> None:
    rows = measure(address, wanted(WEB))
    for metric in ("cpu_percent", "network_bytes_s"):
        assert sorted(hours(rows, metric)) == [6, 7, 10, 11]


def test_an_hour_ends_before_the_next_one_begins(address: str) -> None:
    rows = measure(address, wanted(WEB), UNTIL - timedelta(hours=1))
    assert max(rows["hour"]) == datetime(2026, 11, 20, 10)
    assert set(rows["samples"]) == {60}  # a sample on the hour counts in one of them


def test_a_counter_that_starts_anew_is_no_peak(address: str) -> None:
    cpu = hours(measure(address, wanted(WEB)), "cpu_percent")
    assert cpu[10]["max"] <= 75.1


def test_all_network_cards_count_in_both_directions(address: str) -> None:
    network = hours(measure(address, wanted(WEB)), "network_bytes_s")
    assert network[7]["avg"] == pytest.approx(900, rel=0.01)  # (100 + 200) * (1 + 2)


def test_machines_of_one_name_are_told_apart_by_their_host(address: str) -> None:
    rows = measure(address, wanted(DB, TWIN)).filter(pl.col("metric") == "cpu_percent")
    found = dict(rows.group_by("resource_id").agg(pl.col("avg").mean()).iter_rows())
    assert found[DB] == pytest.approx(50, abs=0.5)
    assert found[TWIN] == pytest.approx(12.5, abs=0.5)


def test_a_machine_that_is_gone_is_still_found_by_its_uuid(address: str) -> None:
    memory = hours(measure(address, wanted(GONE)), "memory_percent")
    assert list(memory) == [6]
    assert (memory[6]["avg"], memory[6]["max"], memory[6]["samples"]) == (29.5, 59.0, 60)
    assert memory[6]["p95"] == pytest.approx(56.05)


def test_a_host_is_measured_by_its_node_exporter(address: str) -> None:
    rows = measure(address, wanted("kvm-1", kind="host"))
    cpu, memory = hours(rows, "cpu_percent"), hours(rows, "memory_percent")
    assert sorted(cpu) == sorted(memory) == [6, 7]
    assert cpu[7]["avg"] == pytest.approx(25, abs=0.1)
    assert (memory[7]["avg"], memory[7]["samples"]) == (75.0, 60)


def test_each_resource_is_read_from_its_own_hour_on(address: str) -> None:
    asked = pl.concat([wanted(WEB, since=datetime(2026, 11, 20, 11)), wanted(DB)])
    rows = measure(address, asked).filter(pl.col("metric") == "cpu_percent")
    first = dict(rows.group_by("resource_id").agg(pl.col("hour").min()).iter_rows())
    assert first == {WEB: datetime(2026, 11, 20, 11), DB: SINCE}


def test_months_are_asked_for_in_weeks_and_machines_in_batches(address: str) -> None:
    many = [f"u-{number}" for number in range(120)]
    long_ago = UNTIL - timedelta(days=20)
    asked = pl.concat([wanted(WEB, since=long_ago), wanted(*many, since=SINCE)])
    rows = measure(address, asked)
    assert set(rows["resource_id"]) == {WEB}
    assert min(rows["hour"]) == SINCE - timedelta(hours=1)


def test_an_empty_prometheus_has_measured_nothing(tmp_path: Path) -> None:
    with prometheus_server(tmp_path) as url:
        assert measure(url, wanted(WEB)).is_empty()
        cloud = connect(prometheus=url)
        [found] = [finding for finding in cloud.examine() if finding.ability == "metrics"]
        assert found.ok


def test_targets_are_facts_of_the_inventory(address: str) -> None:
    deadline = monotonic() + 30  # it looks for them every five seconds
    while (reading := read_inventory([], server(address, "dc"), "dc")).rows.is_empty():
        assert monotonic() < deadline
    [target] = reading.rows.iter_rows(named=True)
    looks = target["kind"], target["sku"], target["region"]
    assert looks == ("monitoring_target", "prometheus", "dc")
    assert target["resource_id"] == f"prometheus/{address.removeprefix('http://')}"
    assert target["state"] in ("up", "unknown")


def test_an_unreachable_prometheus_is_a_failure_of_what_was_asked_for() -> None:
    chunks = list(
        read(server("http://u:secret@127.0.0.1:9", "dc"), read_queries(None), NAMES,
             wanted(WEB), UNTIL)
    )  # fmt: skip
    [failure] = [failure for chunk in chunks for failure in chunk.failed]
    assert (failure.account, failure.region, failure.kind) == ("dc", "fra", "instance")
    assert "does not answer" in failure.reason
    assert "secret" not in failure.reason
    assert sum(chunk.rows.height for chunk in chunks) == 0


def test_a_host_that_can_not_name_its_machines_fails_its_region() -> None:
    names = Names([], [Failure("dc", "fra", "instance", "kvm-1 can't be reached")])
    chunks = read(server("http://127.0.0.1:9", "dc"), read_queries(None), names,
                  wanted().clear(), UNTIL)  # fmt: skip
    assert [failure.region for chunk in chunks for failure in chunk.failed] == ["fra"]


def test_the_defaults_are_the_series_of_debians_exporters(tmp_path: Path) -> None:
    with (
        libvirt_daemon() as uri,
        exporter("prometheus-libvirt-exporter", tmp_path, f"--libvirt.uri={uri}") as guests,
        exporter("prometheus-node-exporter", tmp_path) as host,
    ):
        for exposed, queries in ((guests, INSTANCE), (host, HOST)):
            for metric, query in queries.items():
                for name in re.findall(r"(?:libvirt|node)_\w+", query.value + query.samples):
                    found = re.search(rf"^{name}(\{{.*\}})? ", exposed, re.MULTILINE)
                    if metric == "memory_percent" and exposed is guests:
                        assert found is None, "it has learned to tell: say so in the docs"
                        continue
                    assert found, name
                    if exposed is guests:
                        assert {"domain", "uuid"} <= set(re.findall(r"(\w+)=", found.group()))


Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def answering() -> Generator[Callable[[list[Answer]], str]]:
    """A proxy that gives these answers, one after the other."""
    started: list[ThreadingHTTPServer] = []

    def start(answers: list[Answer]) -> str:
        class Proxy(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        started.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://reader:secret@127.0.0.1:{server.server_address[1]}"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_a_busy_prometheus_is_left_alone_for_as_long_as_it_asks(
    answering: Callable[[list[Answer]], str],
) -> None:
    good = '{"status": "success", "data": {"version": "3"}}'
    url = answering([(503, {"Retry-After": "7"}, ""), (429, {}, ""), (200, {}, good)])
    prometheus = server(url, "dc")
    shared = budget("dc", f"Prometheus at {url.replace('reader:secret@', '')}")
    now, waited = [0.0], [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds
        waited[0] += seconds

    shared.clock, shared.wait = lambda: now[0], wait
    shared._filled_at = 0.0  # pyright: ignore[reportPrivateUsage]
    assert prometheus.get("status/buildinfo", "prometheus:status") == {"version": "3"}
    assert waited[0] >= 7


def test_refused_credentials_are_said_once_without_the_password(
    answering: Callable[[list[Answer]], str],
) -> None:
    url = answering([(401, {}, "")] * 50)
    chunks = list(
        read(server(url, "other"), read_queries(None), NAMES,
             wanted(WEB, DB), UNTIL)
    )  # fmt: skip
    [failure] = [failure for chunk in chunks for failure in chunk.failed]
    assert "does not accept the credentials" in failure.reason
    assert "secret" not in failure.reason + repr(server(url, "other"))
    with pytest.raises(Unauthorized):
        server(url, "other").get("targets", "prometheus:targets")


def test_a_wrong_query_says_what_prometheus_said(address: str) -> None:
    with pytest.raises(Unreadable, match=r"answered 400: .*parse error"):
        server(address, "dc").get("query_range", "prometheus:query", query="sum by", start="1",
                                      end="2", step="1")  # fmt: skip


def test_other_exporters_are_named_in_the_options(address: str) -> None:
    given = {
        "instance": {
            "connections": {
                "value": "max by ($by) (libvirt_domain_info_virtual_cpus{$match})",
                "samples": "libvirt_domain_info_virtual_cpus{$match}",
            }
        }
    }
    chunks = read(server(address, "dc"), read_queries(given), NAMES, wanted(WEB), UNTIL)
    rows = pl.concat([chunk.rows for chunk in chunks])
    assert hours(rows, "connections")[7]["avg"] == 2
    assert hours(rows, "cpu_percent")  # the defaults stay
    with pytest.raises(UnknownOption, match=r"queries\.instance\.connections"):
        read_queries({"instance": {"connections": {"value": "up"}}})


def test_a_label_names_a_host_with_or_without_domain_and_port() -> None:
    assert is_host("kvm-1", "kvm-1")
    assert is_host("kvm-1.example.net:9100", "kvm-1")
    assert not is_host("kvm-10:9100", "kvm-1")
    assert not is_host("kvm-1.example.net", "kvm-1.example.org")


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())
