"""What a cluster's nodes cost, split to its workloads: by hand, and nothing lost."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allocated import TIES, allocated, paid, rules
from estate import AS_OF, d, line, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.build import build

SEEN = datetime(2026, 3, 2)
WORKLOAD = [
    "marts.billing_rhythm", "marts.freshness", "marts.account_billed_until", "marts.billed_until",
    "marts.sub_account_billed_until", "marts.resource_now", "marts.kubernetes_workload",
]  # fmt: skip
DIGIT = Decimal("1E-18")
RATIO = 0.031611 / 0.004237  # GiB per core, where there are no prices
# A node of 4 cores and 16 GiB: this part of its cost is for cores.
CORES_SHARE = Decimal(RATIO * 4 / (RATIO * 4 + 16))


def seen(kind: str, name: str, since: datetime = SEEN, **config: Any) -> dict[str, Any]:
    labels = config.pop("labels", {})
    about = {key: str(value) for key, value in config.items()}
    return {"source": "prod", "cloud": "kubernetes", "account": "prod", "kind": kind,
            "resource_id": name, "name": name, "tags": json.dumps(labels),
            "config": json.dumps(about), "created_at": since, "valid_from": since}  # fmt: skip


def node(name: str = "node/a", provider_id: str = "aws:///eu-west-1a/i-1", **more: Any) -> Any:
    return seen("node", name, **{"provider_id": provider_id, "cpu": 4, "memory_gib": 16, **more})


def workload(name: str, cpu: float, memory: float, ready: int = 1, **more: Any) -> dict[str, Any]:
    namespace = name.split("/")[0]
    return seen("workload", name, namespace=namespace, cpu_request=cpu, ready=ready,
                memory_request_gib=memory, **more)  # fmt: skip


def used(name: str, metric: str, amount: float, hours: range = range(24)) -> list[dict[str, Any]]:
    begins = datetime(2026, 3, 4)
    return [{"source": "prod", "cloud": "kubernetes", "account": "prod", "resource_id": name,
             "metric": metric, "hour": begins + timedelta(hours=hour), "avg": amount}
            for hour in hours]  # fmt: skip


BILL = line("2026-03-04", "24", ResourceId="i-1")
SHOP = workload("shop/deployment/web", 0.5, 2, ready=2, labels={"team": "web"})
DATA = workload("data/statefulset/db", 1, 4, labels={"team": "data"})


def costs(found: Any, column: str = "cost") -> dict[str | None, Decimal]:
    query = f"select workload, sum({column}) as cost from marts.kubernetes_cost_daily group by all"
    return {row["workload"]: row["cost"] for row in rows(found, query)}


def test_a_node_is_split_by_what_is_asked_for_and_the_rest_is_idle() -> None:
    found = allocated([BILL], raw_resource=[node(), SHOP, DATA])
    parts = costs(found)
    # Each asks for a quarter of the cores; 4 of 16 GiB, too.
    assert all(abs(parts[name] - 6) < Decimal("1E-13")
               for name in ("shop/deployment/web", "data/statefulset/db"))  # fmt: skip
    assert sum(parts.values()) == 24
    assert abs(parts[None] - 12) < Decimal("1E-13")
    cores = costs(found, "cores_cost")
    assert abs(sum(cores.values()) - 24 * CORES_SHARE) < Decimal("1E-13")


def test_use_above_the_request_counts_hour_by_hour() -> None:
    # 12 hours at 1.5 cores of a request of 1, 12 hours below it: (12 * 1.5 + 12 * 1) of 96.
    metric = [*used("data/statefulset/db", "cpu_cores", 1.5, range(12)),
              *used("data/statefulset/db", "cpu_cores", 0.1, range(12, 24))]  # fmt: skip
    found = allocated([BILL], raw_resource=[node(), SHOP, DATA], raw_metric=metric)
    cores = costs(found, "cores_cost")
    whole = sum(cores.values())
    assert abs(cores["data/statefulset/db"] / whole - Decimal(30) / 96) < Decimal("1E-13")
    assert abs(cores["shop/deployment/web"] / whole - Decimal(24) / 96) < Decimal("1E-13")
    (row,) = rows(found, "from marts.kubernetes_cost_daily where namespace = 'data'")
    assert row["core_hours_requested"] == 24
    assert row["core_hours"] == 30
    assert row["core_hours_used"] == pytest.approx(12 * 1.5 + 12 * 0.1)
    assert row["gib_hours_used"] is None


def test_workloads_that_take_more_than_there_is_share_all_of_it() -> None:
    big = [workload("a/deployment/a", 6, 8), workload("b/deployment/b", 2, 24)]
    found = allocated([BILL], raw_resource=[node(), *big])
    cores = costs(found, "cores_cost")
    assert abs(cores["a/deployment/a"] / cores["b/deployment/b"] - 3) < Decimal("1E-12")
    assert costs(found)[None] == 0
    assert sum(costs(found).values()) == 24


def test_replicas_that_change_count_for_their_hours() -> None:
    before = {**workload("shop/deployment/web", 1, 4, ready=1), "valid_to": datetime(2026, 3, 4, 6)}
    after = workload("shop/deployment/web", 1, 4, ready=3)
    after["valid_from"] = datetime(2026, 3, 4, 6)
    found = allocated([BILL], raw_resource=[node(), before, after])
    (row,) = rows(found, "from marts.kubernetes_cost_daily where kind = 'workload'")
    assert row["core_hours"] == 6 * 1 + 18 * 3
    assert not row["is_before_first_look"]


def test_what_was_read_first_holds_back_to_when_it_was_made_and_says_so() -> None:
    made = [{**one, "valid_from": datetime(2026, 3, 10)} for one in (node(), SHOP)]
    found = allocated([BILL, line("2026-03-12", "24", ResourceId="i-1")], raw_resource=made)
    query = "select day::varchar as day, bool_and(is_before_first_look) as assumed" \
            " from marts.kubernetes_cost_daily group by all order by all"  # fmt: skip
    assert rows(found, query) == [
        {"day": "2026-03-04", "assumed": True}, {"day": "2026-03-12", "assumed": False},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("provider_id", "columns"),
    [
        ("aws:///eu-west-1a/i-1", {"ResourceId": "arn:aws:ec2:eu-west-1:1:instance/i-1"}),
        ("gce://shop/europe-west1-b/node-a",
         {"x_cloud": "gcp", "ResourceId": "//compute.googleapis.com/projects/1/instances/7",
          "ResourceName": "node-a"}),
        ("azure:///subscriptions/S/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/a",
         {"x_cloud": "azure", "ResourceId":
          "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/a"}),
        ("digitalocean://4711", {"x_cloud": "digitalocean", "ResourceId": "4711"}),
    ],
)  # fmt: skip
def test_a_node_finds_its_bill_on_every_cloud(provider_id: str, columns: dict[str, str]) -> None:
    other = line("2026-03-04", "100", **{**columns, "ResourceId": "i-2", "ResourceName": "i-2"})
    bill = line("2026-03-04", "24", **columns)
    found = allocated([bill, other], raw_resource=[node("node/a", provider_id), SHOP, DATA])
    assert sum(costs(found).values()) == 24
    assert found.execute(TIES).fetchall() == [(0,)]


SET = "/subscriptions/S/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/aks-1"


def test_the_bill_of_a_scale_set_is_shared_by_its_nodes_for_their_hours() -> None:
    number = "azure://" + SET + "/virtualMachines/"
    half = {**node("node/c", number + "2"), "valid_to": datetime(2026, 3, 4, 12)}
    nodes = [node("node/a", number + "0"), node("node/b", number + "1"), half]
    gone = {**node("node/d", number + "3"), "valid_to": datetime(2026, 3, 3)}
    lines = [
        line("2026-03-04", cost, x_cloud="azure", ResourceId=SET.upper(), ServiceName=service)
        for cost, service in (("25", "Machines"), ("0.000000000000000002", "Traffic"))
    ]
    found = allocated(lines, raw_resource=[*nodes, gone, SHOP, DATA])
    query = "select node, cost from marts.kubernetes_node_cost where cost > 1 order by node"
    assert rows(found, query) == [
        {"node": "node/a", "cost": d("10")}, {"node": "node/b", "cost": d("10")},
        {"node": "node/c", "cost": d("5")},
    ]  # fmt: skip
    assert sum(costs(found).values()) == d("25.000000000000000002")
    assert found.execute(TIES).fetchall() == [(0,)]
    (never,) = rows(found, "from marts.kubernetes_node where no_cost_because is not null")
    assert never["node"] == "node/d"


def test_a_scale_set_that_two_sources_read_or_bills_each_machine_is_paid_once() -> None:
    first = node("node/a", "azure://" + SET + "/virtualMachines/0")
    again = [{**one, "source": "again"} for one in (first, SHOP)]
    bill = line("2026-03-04", "24", x_cloud="azure", ResourceId=SET + "/virtualMachines/0")
    found = allocated([bill], raw_resource=[first, SHOP, *again])
    assert rows(found, "select source, cost from marts.kubernetes_node_cost") == [
        {"source": "again", "cost": d("24")}
    ]
    assert sum(costs(found).values()) == 24
    assert found.execute(TIES).fetchall() == [(0,)]


def test_a_node_without_bill_has_no_money_and_says_why() -> None:
    bare = node("node/b", "")
    found = allocated([BILL], raw_resource=[bare, SHOP])
    assert costs(found) == {}
    (row,) = rows(found, "from marts.kubernetes_node")
    assert row["no_cost_because"].startswith("the node does not say which machine")


def test_a_node_says_whether_its_cost_is_split() -> None:
    other = node("node/b", "aws:///eu-west-1a/i-2")
    found = allocated([BILL], raw_resource=[node(), other, SHOP])
    query = "select node, last_billed_day::varchar as day, no_cost_because as why" \
            " from marts.kubernetes_node order by node"  # fmt: skip
    assert rows(found, query) == [
        {"node": "node/a", "day": "2026-03-04", "why": None},
        {"node": "node/b", "day": None, "why": "no bill of aws has the machine i-2"},
    ]


def test_a_cluster_whose_workloads_are_not_known_stays_whole() -> None:
    tagged = {**BILL, "Tags": '{"team": "web"}'}
    found = allocated([tagged], raw_resource=[node()])
    assert costs(found) == {}
    assert paid(found) == {("own", "web"): d("24")}


def test_the_bill_of_a_month_in_one_line_is_split_by_the_whole_month() -> None:
    month = line("2026-03-01", "30", ResourceId="i-1", ChargePeriodEnd=datetime(2026, 3, 16))
    quiet = {**workload("shop/deployment/web", 1, 4), "valid_to": datetime(2026, 3, 10)}
    found = allocated([month], raw_resource=[node(), quiet])
    (row,) = rows(found, "from marts.kubernetes_cost_daily where kind = 'workload'")
    assert row["core_hours"] == 24 * 8  # March 2 to 9
    assert abs(row["cost"] / 30 - Decimal(8) / 14 / 4) < Decimal("1E-12")  # of 14 days of the node


def test_workloads_go_to_teams_by_label_and_namespace_and_idle_to_nobody() -> None:
    by = rules("""\
rules:
  - {match: {cluster: prod, namespace: "da*"}, to: data-team}
  - {match: {workload: web, label: {team: "*"}}, to: {label: team}}
""")
    found = paid(allocated([BILL], by, raw_resource=[node(), SHOP, DATA]))
    assert set(found) == {("own", "data-team"), ("own", "web"), ("idle", None)}
    assert sum(found.values()) == 24


def test_idle_is_split_by_what_teams_pay_in_that_cluster() -> None:
    by = rules("shared: [{pool: idle}]")
    rich = line("2026-03-04", "1000", Tags='{"team": "web"}')  # outside of the cluster
    large = workload("data/statefulset/db", 2, 8, labels={"team": "data"})
    found = allocated([BILL, rich], by, raw_resource=[node(), SHOP, large])
    idle = {team: cost for (kind, team), cost in paid(found).items() if kind == "idle"}
    assert sum(idle.values()) == costs(found)[None]
    assert abs(idle["data"] / idle["web"] - 2) < Decimal("1E-12")
    assert found.execute(TIES).fetchall() == [(0,)]


money = st.integers(-(10**30), 10**30).map(lambda units: Decimal(units).scaleb(-18))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(money, min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 40), st.integers(0, 3)), max_size=4),
)
def test_parts_add_up_to_the_bill(
    bills: list[Decimal], workloads: list[tuple[float, float, int]]
) -> None:
    running = [workload(f"n{number}/deployment/w", *asked)
               for number, asked in enumerate(workloads)]  # fmt: skip
    nodes = [node(f"node/{number}", f"azure://{SET}/virtualMachines/{number}")
             for number in range(3)]  # fmt: skip
    nodes[1]["valid_to"] = datetime(2026, 3, 4, 7)
    found = allocated(
        [line("2026-03-04", f"{cost:f}", x_cloud="azure", ResourceId=SET, ServiceName=f"s{number}")
         for number, cost in enumerate(bills)],
        raw_resource=[*nodes, *running],
    )  # fmt: skip
    assert found.execute(TIES).fetchall() == [(0,)]
    parts = rows(found, "select service, sum(cost) as cost, sum(cores_cost + memory_cost) as both"
                        " from marts.kubernetes_cost_daily group by all")  # fmt: skip
    is_split = any(replicas for _, _, replicas in workloads)
    assert len(parts) == (len(bills) if is_split else 0)
    for part in parts:
        assert part["cost"] == part["both"] == bills[int(part["service"][1:])]
    of_nodes = rows(found, "select service, sum(cost) as cost from marts.kubernetes_node_cost"
                           " group by all")  # fmt: skip
    assert {row["service"]: row["cost"] for row in of_nodes} == {
        f"s{number}": cost for number, cost in enumerate(bills)
    }


def test_a_workload_has_what_its_requests_cost_and_what_it_used() -> None:
    bills = [line(f"2026-03-{day:02}", "24", ResourceId="i-1") for day in range(4, 20)]
    scaler = {**seen("hpa", "data/horizontalpodautoscaler/db", metrics="cpu,memory"),
              "attached_to": "data/statefulset/db"}  # fmt: skip
    metric = [
        {**row, "hour": row["hour"] + timedelta(days=5), "max": peak}
        for name, amount in (("cpu_cores", 0.1), ("memory_gib", 1.0))
        for row, peak in zip(
            used("data/statefulset/db", name, amount), [3.0, *[2 * amount] * 23], strict=True
        )
    ]
    other = [{**row, "account": "other"} for row in metric]  # of the same name, in another cluster
    found = allocated(bills, raw_resource=[node(), SHOP, DATA, scaler], raw_metric=metric + other)
    build(found, AS_OF, WORKLOAD)
    table = {row["workload"]: row for row in rows(found, "from marts.kubernetes_workload")}
    data, shop = table["data/statefulset/db"], table["shop/deployment/web"]
    for row in (data, shop):  # a quarter of 24 a day
        month = row["cores_cost_month"] + row["memory_cost_month"]
        assert float(month) == pytest.approx(6 * 30.4375)
    assert (data["cpu_hours"], data["cpu_max"], data["memory_max"]) == (24, 3.0, 3.0)
    assert 0.2 <= data["cpu_p95_max"] < 3
    assert (data["scaled_by"], shop["scaled_by"]) == ("cpu,memory", None)
    assert (shop["cpu_hours"], shop["cpu_max"], shop["cpu_request"]) == (0, None, 0.5)


def test_requests_that_were_changed_cost_what_they_cost_since() -> None:
    bills = [line(f"2026-03-{day:02}", "24", ResourceId="i-1") for day in range(4, 20)]
    before = workload("shop/deployment/web", 2, 8, ready=1)  # half of the node
    after = {**workload("shop/deployment/web", 0.5, 2, ready=1),
             "valid_from": datetime(2026, 3, 15, 6)}  # fmt: skip
    many = {**after, "config": after["config"].replace('"ready": "1"', '"ready": "2"'),
            "valid_from": datetime(2026, 3, 18)}  # fmt: skip
    changed = [{**before, "valid_to": after["valid_from"]},
               {**after, "valid_to": many["valid_from"]}, many]  # fmt: skip
    found = allocated(bills, raw_resource=[node(), *changed, DATA])
    build(found, AS_OF, WORKLOAD)
    table = {row["workload"]: row for row in rows(found, "from marts.kubernetes_workload")}
    # On the 16th and 17th an eighth of 24 a day, on the two days after it a quarter.
    web = table["shop/deployment/web"]
    month = float(web["cores_cost_month"] + web["memory_cost_month"])
    assert month == pytest.approx((3 + 3 + 6 + 6) / 4 * 30.4375)
    db = table["data/statefulset/db"]
    assert float(db["cores_cost_month"] + db["memory_cost_month"]) == pytest.approx(6 * 30.4375)


def test_requests_on_a_bill_by_the_month_cost_what_the_days_of_14_cost() -> None:
    droplet = {"x_cloud": "digitalocean", "ResourceId": "4711", "SubAccountId": None}
    bills = [
        line("2026-02-01", "28", ChargePeriodEnd=datetime(2026, 3, 1), **droplet),
        line("2026-03-01", "38", ChargePeriodEnd=datetime(2026, 3, 20), **droplet),
    ]
    made = [{**one, "created_at": datetime(2026, 1, 1), "valid_from": datetime(2026, 1, 1)}
            for one in (node("node/a", "digitalocean://4711"), SHOP, DATA)]  # fmt: skip
    found = allocated(bills, raw_resource=made)
    build(found, AS_OF, WORKLOAD)
    for row in rows(found, "from marts.kubernetes_workload"):  # a quarter of 2 a day
        month = row["cores_cost_month"] + row["memory_cost_month"]
        assert float(month) == pytest.approx(0.5 * 30.4375)


def test_a_refund_of_a_node_is_in_its_cost_but_in_no_cost_of_a_month() -> None:
    bills = [line(f"2026-03-{day:02}", "24", ResourceId="i-1") for day in range(4, 18)]
    refund = {"ChargeCategory": "Credit", "ResourceId": "i-1"}
    correction = {"ChargeClass": "Correction", "ResourceId": "i-1"}
    bills += [line("2026-03-10", "-100", **refund), line("2026-03-10", "-20", **correction)]
    found = allocated(bills, raw_resource=[node(), SHOP, DATA])
    build(found, AS_OF, WORKLOAD)
    for row in rows(found, "from marts.kubernetes_workload"):
        month = row["cores_cost_month"] + row["memory_cost_month"]
        assert float(month) == pytest.approx(6 * 30.4375)
    assert sum(costs(found).values()) == 14 * 24 - 120


def test_a_workload_without_a_bill_of_its_nodes_has_no_cost() -> None:
    found = allocated([], raw_resource=[SHOP])
    build(found, AS_OF, WORKLOAD)
    (row,) = rows(found, "from marts.kubernetes_workload")
    assert (row["currency"], row["cores_cost_month"]) == (None, None)
