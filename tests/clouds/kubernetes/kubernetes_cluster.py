"""A cluster as kmock keeps it, and a kubeconfig for it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import yaml
from aiohttp import web
from kmock import KubernetesEmulator, ResourceInfo, Server

TOKEN = "a-token-that-nobody-may-see"
KINDS = {
    "v1/nodes": ("Node", False),
    "v1/persistentvolumes": ("PersistentVolume", False),
    "v1/persistentvolumeclaims": ("PersistentVolumeClaim", True),
    "v1/resourcequotas": ("ResourceQuota", True),
    "apps/v1/deployments": ("Deployment", True),
    "apps/v1/statefulsets": ("StatefulSet", True),
    "apps/v1/daemonsets": ("DaemonSet", True),
    "autoscaling/v2/horizontalpodautoscalers": ("HorizontalPodAutoscaler", True),
}
Object = dict[str, Any]
Prepare = Callable[[KubernetesEmulator], None]


@dataclass
class Cluster:
    """A running API server. What `answers` has is said in place of kmock's own answer."""

    answers: dict[str, Callable[[Mapping[str, str]], tuple[int, Object]]] = field(
        default_factory=dict[str, Callable[[Mapping[str, str]], tuple[int, Object]]]
    )  # path -> status and body, by the query
    turned_away: list[tuple[int, dict[str, str]]] = field(
        default_factory=list[tuple[int, dict[str, str]]]
    )  # status and headers of the next answers
    prometheus: dict[str, Object] = field(default_factory=dict[str, Object])  # path -> data
    answered: list[tuple[float, float, int]] = field(
        default_factory=list[tuple[float, float, int]]
    )  # asked and answered, seconds of the monotonic clock, and the status
    token: str = TOKEN
    asked: list[str] = field(default_factory=list[str])
    url: str = ""

    async def handle(
        self, request: web.BaseRequest, rest: Callable[[web.BaseRequest], Awaitable[Any]]
    ) -> Any:
        at = monotonic()
        answer = await self._answer(request, rest)
        self.answered.append((at, monotonic(), answer.status))
        return answer

    async def _answer(
        self, request: web.BaseRequest, rest: Callable[[web.BaseRequest], Awaitable[Any]]
    ) -> Any:
        self.asked.append(request.path)
        if request.path in self.prometheus:
            return _json(200, {"status": "success", "data": self.prometheus[request.path]})
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _json(401, {"message": "Unauthorized"})
        if self.turned_away:
            status, headers = self.turned_away.pop(0)
            return _json(status, {"message": "slow down"}, headers)
        if request.path in self.answers:
            return _json(*self.answers[request.path](request.query))
        return await rest(request)

    def deny(self, path: str) -> None:
        self.answers[path] = lambda _: (403, {"message": f'User "reader" cannot list {path}'})


class _Emulator(KubernetesEmulator):
    """kmock behind a `Cluster`."""

    front: Cluster

    async def __call__(self, raw_request: web.BaseRequest, /) -> Any:
        return await self.front.handle(raw_request, super().__call__)


def _json(status: int, body: Object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


@contextmanager
def cluster(prepare: Prepare) -> Generator[Cluster]:
    """A cluster that `prepare` fills."""
    found = Cluster()
    namespaces = {"kind": "NamespaceList", "apiVersion": "v1", "items": [
        {"metadata": about("shop"), "status": {"phase": "Active"}}]}  # fmt: skip
    found.answers |= {  # two paths that kmock does not know
        "/version/": lambda _: (200, {"gitVersion": "v1.34.1"}),
        "/api/v1/namespaces": lambda _: (200, namespaces),
    }
    started, stop = Event(), Event()

    async def run() -> None:
        app = _Emulator()
        for name, (kind, is_namespaced) in KINDS.items():
            app.resources[name] = ResourceInfo(
                kind=kind, namespaced=is_namespaced, singular=kind.lower(),
                verbs={"get", "list", "create", "patch", "delete", "watch"},
            )  # fmt: skip
        prepare(app)
        app.front = found
        async with Server(app, host="127.0.0.1", port=0) as server:
            found.url = str(server.url).rstrip("/")
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = Thread(target=asyncio.run, args=(run(),))
    thread.start()
    started.wait(30)
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def kubeconfig(folder: Path, address: str) -> str:
    """Path of a kubeconfig with the context `shop` of the cluster `prod`."""
    file = folder / "kubeconfig"
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "shop",
        "clusters": [{"name": "prod", "cluster": {"server": address}}],
        "users": [{"name": "reader", "user": {"token": TOKEN}}],
        "contexts": [{"name": "shop", "context": {"cluster": "prod", "user": "reader"}}],
    }  # fmt: skip
    file.write_text(yaml.safe_dump(content))
    return str(file)


def put(app: KubernetesEmulator, resource: str, *objects: Object) -> None:
    """Let the cluster have these objects."""
    for each in objects:
        about = each["metadata"]
        app.objects[resource, about.get("namespace"), about["name"]] = each


def about(name: str, namespace: str | None = None, **labels: str) -> Object:
    found: Object = {"name": name, "uid": f"uid-{name}", "labels": labels,
                     "creationTimestamp": "2026-03-02T17:00:49Z"}  # fmt: skip
    return found | ({"namespace": namespace} if namespace else {})


def container(name: str = "app", **resources: dict[str, str]) -> Object:
    return {"name": name, "image": "app:1", "resources": resources}


def workload(name: str, *containers: Object, status: Object, **spec: Any) -> Object:
    template = {"spec": {"containers": list(containers)}}
    return {"metadata": about(name, "shop", team="web"), "spec": {"template": template, **spec},
            "status": status}  # fmt: skip


def estate(app: KubernetesEmulator) -> None:
    """One of everything."""
    labels = {"topology.kubernetes.io/zone": "eu-west-1a",
              "topology.kubernetes.io/region": "eu-west-1",
              "node.kubernetes.io/instance-type": "m5.xlarge"}  # fmt: skip
    node = {
        "metadata": {**about("node-1"), "labels": labels},
        "spec": {"providerID": "aws:///eu-west-1a/i-1"},
        "status": {
            "capacity": {"cpu": "4", "memory": "16Gi", "pods": "58"},
            "allocatable": {"cpu": "3920m", "memory": "15Gi"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"architecture": "amd64", "kubeletVersion": "v1.34.1"},
        },
    }
    put(app, "v1/nodes", node)
    put(
        app, "apps/v1/deployments",
        workload(
            "web",
            container(requests={"cpu": "250m", "memory": "256Mi"},
                      limits={"cpu": "1", "memory": "512Mi"}),
            container("proxy", requests={"cpu": "0.25", "memory": "256Mi"},
                      limits={"cpu": "500m", "memory": "512Mi"}),
            status={"readyReplicas": 3}, replicas=3,
        ),
        workload("idle", container(), status={}, replicas=0),
    )  # fmt: skip
    put(
        app, "apps/v1/statefulsets",
        workload("db", container(limits={"memory": "2Gi"}), status={"readyReplicas": 1},
                 replicas=2),
    )  # fmt: skip
    put(
        app, "apps/v1/daemonsets",
        workload("agent", container(requests={"cpu": "100m"}),
                 status={"desiredNumberScheduled": 1, "numberReady": 1}),
    )  # fmt: skip
    put(app, "autoscaling/v2/horizontalpodautoscalers", {
        "metadata": about("web", "shop"),
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                 "minReplicas": 2, "maxReplicas": 3,
                 "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}]},
        "status": {"currentReplicas": 3},
    })  # fmt: skip
    put(app, "v1/persistentvolumeclaims", {
        "metadata": about("data-db-0", "shop"),
        "spec": {"storageClassName": "gp3", "volumeName": "pv-1", "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "20Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "32Gi"}},
    })  # fmt: skip
    put(app, "v1/persistentvolumes", {
        "metadata": about("pv-0"),
        "spec": {"storageClassName": "gp3", "capacity": {"storage": "8Gi"},
                 "persistentVolumeReclaimPolicy": "Retain",
                 "claimRef": {"namespace": "shop", "name": "data-db-9"},
                 "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0"}},
        "status": {"phase": "Released", "lastPhaseTransitionTime": "2026-03-10T12:00:00Z"},
    })  # fmt: skip
    put(app, "v1/resourcequotas", {
        "metadata": about("all", "shop"),
        "spec": {"hard": {"requests.cpu": "8", "pods": "20"}},
        "status": {"hard": {"requests.cpu": "8", "pods": "20"},
                   "used": {"requests.cpu": "1600m", "pods": "20"}},
    })  # fmt: skip
