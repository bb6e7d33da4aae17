"""The official client against kmock, a stateful API server; faults are answered in front of it."""

import logging
from collections.abc import Generator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("kmock", reason="no kmock here: make setup")

from kubernetes_cluster import TOKEN, Cluster, about, cluster, estate, kubeconfig

from clouds import load
from clouds.budget import Budget
from clouds.cloud import RESOURCE_SCHEMA
from clouds.errors import Unauthorized
from clouds.kubernetes.access import PAGE, Session
from clouds.kubernetes.connection import Kubernetes
from clouds.kubernetes.inventory import LISTINGS, parse_replica, parse_volume
from clouds.kubernetes.permissions import READS, policy

DEPLOYMENTS = "/apis/apps/v1/deployments"


@pytest.fixture
def prod() -> Generator[Cluster]:
    with cluster(estate) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def kubernetes(prod: Cluster, tmp_path: Path, waits: list[float]) -> Kubernetes:
    return Kubernetes(session(prod, tmp_path, waits))


def session(prod: Cluster, folder: Path, waits: list[float]) -> Session:
    """At a clock that stands still, except while somebody waits for it."""
    clock = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    pace = Budget("test", 1000, 1000, clock=lambda: clock[0], wait=wait)
    return Session(kubeconfig(folder, prod.url), pace=pace)


def test_a_small_cluster_comes_out_as_exact_rows(kubernetes: Kubernetes) -> None:
    found = kubernetes.inventory()
    assert (list(found.failed), list(found.read)) == ([], [("kubernetes", "prod", "global")])
    assert dict(found.rows.schema) == dict(RESOURCE_SCHEMA)
    assert set(found.rows["account"]) == {"prod"}
    assert set(found.rows["created_at"]) == {datetime(2026, 3, 2, 17, 0, 49)}
    rows = found.rows.sort("kind", "resource_id").select(
        "kind", "resource_id", "zone", "sku", "state", "attached_to", "member_of", "size_gib",
        "config",
    )  # fmt: skip
    shop = "namespace/shop"

    def config(object_kind: str, name: str, text: str) -> str:
        parts = {"namespace": "shop", "object": object_kind, "uid": f"uid-{name}"}
        fields = dict(pair.split("=") for pair in text.split()) | parts
        return "{" + ",".join(f'"{key}":"{fields[key]}"' for key in sorted(fields)) + "}"

    assert rows.rows() == [
        ("hpa", "shop/horizontalpodautoscaler/web", None, None, "at_maximum",
         "shop/deployment/web", shop, None,
         config("horizontalpodautoscaler", "web", "maximum=3 metrics=cpu minimum=2 replicas=3")),
        ("namespace", shop, None, None, "active", None, None, None,
         '{"object":"namespace","uid":"uid-shop"}'),
        ("node", "node/node-1", "eu-west-1a", "m5.xlarge", "ready", None, None, None,
         '{"arch":"amd64","cpu":"4","cpu_allocatable":"3.92","memory_allocatable_gib":"15",'
         '"memory_gib":"16","object":"node","pods":"58","provider_id":"aws:///eu-west-1a/i-1",'
         '"region":"eu-west-1","uid":"uid-node-1","version":"v1.34.1"}'),
        ("pvc", "shop/persistentvolumeclaim/data-db-0", None, "gp3", "bound", None, shop, 32.0,
         config("persistentvolumeclaim", "data-db-0", "access=ReadWriteOnce volume=pv-1")),
        ("quota", "shop/resourcequota/all", None, None, "full", None, shop, None,
         config("resourcequota", "all", "hard.pods=20 hard.requests.cpu=8 used.pods=20 "
                "tightest=pods used.requests.cpu=1600m used_share=1")),
        ("volume", "persistentvolume/pv-0", None, "gp3", "released", None, None, 8.0,
         '{"claim":"shop/persistentvolumeclaim/data-db-9","driver":"ebs.csi.aws.com",'
         '"handle":"vol-0","object":"persistentvolume",'
         '"reclaim":"retain","uid":"uid-pv-0"}'),
        ("workload", "shop/daemonset/agent", None, None, "running", None, shop, None,
         config("daemonset", "agent", "containers=1 containers_without_request=1 cpu_request=0.1 "
                "ready=1 replicas=1")),
        ("workload", "shop/deployment/idle", None, None, "stopped", None, shop, None,
         config("deployment", "idle", "containers=1 containers_without_request=1 ready=0 "
                "replicas=0")),
        ("workload", "shop/deployment/web", None, None, "running", None, shop, None,
         config("deployment", "web", "containers=2 cpu_limit=1.5 cpu_request=0.5 "
                "memory_limit_gib=1 memory_request_gib=0.5 ready=3 replicas=3")),
        ("workload", "shop/statefulset/db", None, None, "degraded", None, shop, None,
         config("statefulset", "db", "containers=1 containers_without_request=1 "
                "memory_limit_gib=2 memory_request_gib=2 ready=1 replicas=2")),
    ]  # fmt: skip


def test_a_volume_says_since_when_it_is_as_it_is_and_older_ones_name_their_disk_otherwise(
    kubernetes: Kubernetes,
) -> None:
    [volume] = kubernetes.inventory().rows.filter(kind="volume").to_dicts()
    assert volume["state_since"] == datetime(2026, 3, 10, 12)
    for spec, handle in (
        ({"awsElasticBlockStore": {"volumeID": "aws://eu-west-1a/vol-1"}}, "vol-1"),
        ({"gcePersistentDisk": {"pdName": "pvc-1"}}, "pvc-1"),
        ({"azureDisk": {"diskURI": "/subscriptions/s/disks/d"}}, "/subscriptions/s/disks/d"),
        ({"hostPath": {"path": "/data"}}, None),
    ):
        assert parse_volume({"spec": spec})["config"]["handle"] == handle


def test_containers_that_run_before_the_others_count_where_they_ask_for_more() -> None:
    def of(cpu: str, **more: str) -> dict[str, Any]:
        return {"resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}, **more}

    pod = {"containers": [of("100m"), of("200m")], "initContainers": [of("2")]}
    assert parse_replica(pod)["cpu_request"] == "2"
    pod["initContainers"] = [of("50m", restartPolicy="Always")]
    assert parse_replica(pod)["cpu_request"] == "0.35"
    assert parse_replica(pod)["memory_request_gib"] == "3"
    assert parse_replica(pod)["cpu_limit"] is None


def test_reading_twice_gives_the_same_rows(kubernetes: Kubernetes) -> None:
    one, other = (kubernetes.inventory().rows.sort("kind", "resource_id") for _ in range(2))
    assert one.equals(other)


def namespaces(query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Twice a page and one more, with a token between pages."""
    size, start = int(query["limit"]), int(query.get("continue") or 0)
    assert size == PAGE
    names = [f"ns-{number}" for number in range(2 * PAGE + 1)][start : start + size]
    more = str(start + size) if start + size < 2 * PAGE + 1 else ""
    return 200, {"metadata": {"continue": more}, "items": [{"metadata": about(n)} for n in names]}


def test_all_pages_are_read(prod: Cluster, kubernetes: Kubernetes) -> None:
    prod.answers["/api/v1/namespaces"] = namespaces
    assert kubernetes.inventory().rows.filter(kind="namespace").height == 2 * PAGE + 1


def test_a_page_token_that_expires_begins_the_list_anew(
    prod: Cluster, kubernetes: Kubernetes
) -> None:
    expired = [True]

    def answer(query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        if "continue" in query and expired.pop() if expired else False:
            return 410, {"message": "The provided continue parameter is too old"}
        return namespaces(query)

    prod.answers["/api/v1/namespaces"] = answer
    found = kubernetes.inventory()
    assert list(found.failed) == []
    assert found.rows.filter(kind="namespace").height == 2 * PAGE + 1
    assert expired == []


def test_an_empty_cluster_is_read(tmp_path: Path, waits: list[float]) -> None:
    with cluster(lambda _: None) as empty:
        empty.answers["/api/v1/namespaces"] = lambda _: (200, {"items": []})
        found = Kubernetes(session(empty, tmp_path, waits)).inventory()
    assert found.rows.is_empty()
    assert list(found.failed) == []


def test_a_kind_that_is_denied_leaves_the_others(prod: Cluster, kubernetes: Kubernetes) -> None:
    prod.deny(DEPLOYMENTS)
    found = kubernetes.inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("prod", "global", "workload")
    assert "The permission list deployments.apps is missing" in failure.reason
    assert found.rows.filter(kind="workload").height == 2
    findings = {finding.ability: finding for finding in kubernetes.examine()}
    assert findings["inventory"].fix == "Add to the ClusterRole: list deployments.apps"


def test_throttling_is_obeyed(prod: Cluster, kubernetes: Kubernetes, waits: list[float]) -> None:
    prod.turned_away = [(429, {"Retry-After": "7"}), (503, {"Retry-After": "2"})]
    found = kubernetes.inventory()
    assert (found.rows.height, list(found.failed)) == (10, [])
    assert max(waits) == pytest.approx(7, abs=1)


def test_expired_credentials_are_said_once(prod: Cluster, kubernetes: Kubernetes) -> None:
    prod.token = "a newer one"
    found = kubernetes.inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("prod", "", "")
    assert "does not accept the credentials" in failure.reason
    assert list(found.read) == []
    [finding] = kubernetes.examine()
    assert (finding.account, finding.ability, finding.ok) == ("prod", "credentials", False)


def test_a_cluster_that_is_not_there_is_told_from_bad_credentials(
    tmp_path: Path, waits: list[float]
) -> None:
    found = Kubernetes(session(Cluster(url="http://127.0.0.1:9"), tmp_path, waits)).inventory()
    assert {"does not answer" in failure.reason for failure in found.failed} == {True}
    assert list(found.read) == []


def test_a_missing_kubeconfig_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unauthorized, match="Name a kubeconfig"):
        load("kubernetes", kubeconfig=str(tmp_path / "none")).inventory()


def test_a_context_that_is_not_there_is_never_another_one(prod: Cluster, tmp_path: Path) -> None:
    cloud = load("kubernetes", kubeconfig=kubeconfig(tmp_path, prod.url), context="shp")
    with pytest.raises(Unauthorized, match="no context shp; known: shop"):
        cloud.inventory()
    assert prod.asked == []


def test_the_cluster_can_be_given_a_name(prod: Cluster, tmp_path: Path) -> None:
    cloud = load(
        "kubernetes", kubeconfig=kubeconfig(tmp_path, prod.url), cluster="eu", context="shop"
    )
    assert set(cloud.inventory().rows["account"]) == {"eu"}
    assert [finding.ok for finding in cloud.examine()] == [True, True]


def test_nothing_secret_is_shown(
    prod: Cluster, kubernetes: Kubernetes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(kubernetes), str(vars(kubernetes)), str(kubernetes.inventory().rows.to_dicts())]
    prod.token = "a newer one"
    told += [str(kubernetes.inventory().failed), str(list(kubernetes.examine()))]
    assert all(TOKEN not in text for text in [*told, caplog.text])


def test_the_role_allows_what_a_whole_read_lists_and_no_more(
    prod: Cluster, kubernetes: Kubernetes
) -> None:
    kubernetes.inventory()
    role = yaml.safe_load(policy())
    allowed = {
        (group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    paths = [path.strip("/").split("/") for path in prod.asked]
    assert {(parts[1] if parts[0] == "apis" else "", parts[-1]) for parts in paths} == allowed
    needed = {each for needed in READS.values() for each in needed}
    assert needed == {listing.permission for listing in LISTINGS}
    assert all(each in policy() for each in needed)


def test_bills_and_prices_are_those_of_the_cloud_beneath(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    assert "billed by the cloud" in kubernetes.cannot["bills"]
    assert "prometheus" in kubernetes.cannot["metrics"]
    assert list(kubernetes.bills(tmp_path).paths) == []
    assert kubernetes.prices().is_empty()
