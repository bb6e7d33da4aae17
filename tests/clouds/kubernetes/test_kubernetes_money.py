"""A cluster as its API tells of it, and the bill of its machine: whose money that is."""

import sys
from decimal import Decimal
from pathlib import Path

import pytest
from kubernetes_cluster import cluster, estate, kubeconfig

from clouds.kubernetes import connect
from pipelines.allocation_settings import AllocationSettings

sys.path.append(str(Path(__file__).parents[2] / "pipelines"))

from home import Home, home_at
from small import NOW

RULES = {
    "rules": [
        {"name": "web", "match": {"cluster": "prod", "workload": "web"}, "to": {"label": "team"}},
        {"name": "rest", "match": {"namespace": "*"}, "to": "platform"},
        {"to": {"tag": "team"}},
    ],
    "shared": [{"pool": "idle", "split": "fixed", "percent": {"web": 25, "platform": 75}}],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("kubernetes")
    home = home_at(folder, "small")
    allocation = AllocationSettings.model_validate(RULES)
    home.settings = home.settings.model_copy(update={"as_of": NOW, "allocation": allocation})
    with cluster(estate) as running:
        config = kubeconfig(Path(folder), running.url)
        clouds = {**home.clouds, "prod-cluster": connect(kubeconfig=config)}
        home = Home(home.settings, clouds)  # type: ignore[arg-type]
        report = home.run()
    failed = [step for step in report.steps if step.status == "failed"]
    assert {step.name for step in failed} <= {"raw/metric", "raw/price", "raw/offer"}, failed
    return home


def test_the_bill_of_the_node_is_split_to_the_last_digit(home: Home) -> None:
    query = "select day, sum(cost) from marts.kubernetes_cost_daily group by all order by day"
    days = home.ask(query)
    assert len(days) == 18  # from the day the node was made, March 2, to the last bill
    assert {cost for _, cost in days} == {Decimal("1.25")}


def test_workloads_pay_what_they_ask_for(home: Home) -> None:
    found = home.ask(
        "select coalesce(workload, 'idle'), sum(cores_cost), sum(memory_cost)"
        " from marts.kubernetes_cost_daily where day = '2026-03-10' group by all"
    )
    cores = {workload: cost for workload, cost, _ in found}
    memory = {workload: cost for workload, _, cost in found}
    of_cores, of_memory = sum(cores.values()), sum(memory.values())
    # 3 replicas of half a core, an agent of a tenth; 4 cores. 3 of half a GiB, one of 2; 16 GiB.
    assert float(cores["shop/deployment/web"] / of_cores) == pytest.approx(1.5 / 4)
    assert float(cores["shop/daemonset/agent"] / of_cores) == pytest.approx(0.1 / 4)
    assert float(memory["shop/deployment/web"] / of_memory) == pytest.approx(1.5 / 16)
    assert float(memory["shop/statefulset/db"] / of_memory) == pytest.approx(2 / 16)
    assert "shop/deployment/idle" not in cores


def test_teams_pay_by_label_and_namespace_and_for_what_is_idle(home: Home) -> None:
    found = {
        (kind, team): cost
        for kind, team, cost in home.ask(
            "select kind, team, sum(cost) from marts.allocation_daily where day = '2026-03-10'"
            " group by all"
        )
    }
    idle = found["idle", "web"] + found["idle", "platform"]
    assert abs(found["idle", "web"] * 3 - found["idle", "platform"]) < Decimal("1E-17")
    assert found["own", "web"] + found["own", "platform"] + idle == Decimal("1.25")
    assert found["unallocated", None] == Decimal("1.25")  # the line without a resource
