"""kmock as an emulator for the contract of all clouds; see `contract.py`."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract import Asked, Standard
from kmock import KubernetesEmulator
from kubernetes_cluster import TOKEN, Cluster, cluster, estate, kubeconfig

from clouds.cloud import Cloud
from clouds.kubernetes import connect

NEVER: Mapping[str, str] = {
    "deny": "never (a source is one cluster of one region; its own tests deny a kind)"
}
UNTIL = datetime(2026, 11, 20, 8)


class Emulator:
    """A cluster with one of everything, and one with nothing in it."""

    secrets: Sequence[str] = (TOKEN,)
    standard = Standard(
        resources=10,
        created={"node/node-1": datetime(2026, 3, 2, 17, 0, 49)},
        sizes={"shop/persistentvolumeclaim/data-db-0": 32.0},
        part=("prod", "global", "pvc"),
        measured=(UNTIL - timedelta(hours=1), UNTIL),
        averages={("shop/statefulset/db", "cpu_cores"): 0.5},
    )

    def __init__(self, folder: Path, full: Cluster, void: Cluster) -> None:
        self._full = full
        self._configs = [_config(folder / "full", full), _config(folder / "void", void)]

    def connect(self) -> Cloud:
        return connect(kubeconfig=self._configs[0], prometheus=self._full.url)

    def connect_empty(self) -> Cloud:
        return connect(kubeconfig=self._configs[1])

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError

    def throttle(self, status: int, seconds: int) -> None:
        self._full.turned_away.append((status, {"Retry-After": str(seconds)}))

    def expire(self, account: str) -> None:
        self._full.token = "a newer one"

    def heal(self) -> None:
        self._full.token = TOKEN
        self._full.turned_away.clear()

    def calls(self) -> Sequence[Asked]:
        return [Asked(at, answered_at, "prod", "api", status)
                for at, answered_at, status in self._full.answered]  # fmt: skip


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    with cluster(estate) as full, cluster(_nothing) as void:
        void.answers["/api/v1/namespaces"] = lambda _: (200, {"items": []})
        times = [int((UNTIL - timedelta(minutes=m)).replace(tzinfo=UTC).timestamp())
                 for m in range(60, 0, -5)]  # fmt: skip
        series = {"metric": {"namespace": "shop", "pod": "db-0"},
                  "values": [[at, "0.5"] for at in times]}  # fmt: skip
        full.prometheus = {
            "/api/v1/query_range": {"resultType": "matrix", "result": [series]},
            "/api/v1/status/buildinfo": {"version": "2.42.0"},
        }
        yield Emulator(folder, full, void)


def _nothing(app: KubernetesEmulator) -> None:
    """An empty cluster."""


def _config(folder: Path, of: Cluster) -> str:
    folder.mkdir()
    return kubeconfig(folder, of.url)
