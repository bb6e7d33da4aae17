"""Read an AWS inventory from moto, against bare boto3 paginating the same calls as concurrently.

Volumes, addresses and log groups stand in for instances, which moto takes long to make; they have
no tags, which moto looks up in the square of their number. The server and each reading are
processes of their own. Passes if our reading, with parsing, budget and
sorting, takes at most 1.3 times as long as the bare one.
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import perf_counter
from typing import Any

MOST_TIMES = 1.3  # of bare boto3
MOST_GROWTH = 1.5  # of peak memory, from the fewest to the most resources
REGION = "eu-west-1"
WORKERS = 8  # threads, as in a sweep
SHARES = {"disk": 0.8, "address": 0.15, "log_group": 0.05}
PAGE = {"PaginationConfig": {"PageSize": 1000}}
CALLS: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("ec2", "describe_regions", {}), ("ec2", "describe_instances", PAGE),
    ("ec2", "describe_volumes", PAGE), ("ec2", "describe_images", {"Owners": ["self"]}),
    ("ec2", "describe_snapshots", {"OwnerIds": ["self"], **PAGE}),
    ("ec2", "describe_images", {"Owners": ["self"]}),
    ("autoscaling", "describe_auto_scaling_groups", {}), ("ec2", "describe_addresses", {}),
    ("ec2", "describe_route_tables", {}), ("ec2", "describe_nat_gateways", {}),
    ("elbv2", "describe_target_groups", {}), ("elbv2", "describe_load_balancers", {}),
    ("elb", "describe_load_balancers", {}), ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}), ("ec2", "describe_security_groups", {}),
    ("route53", "list_hosted_zones", {}), ("cloudfront", "list_distributions", {}),
    ("rds", "describe_db_instances", {}), ("s3", "list_buckets", {"BucketRegion": REGION}),
    ("resourcegroupstaggingapi", "get_resources", {"ResourceTypeFilters": ["logs:log-group"]}),
    ("logs", "describe_log_groups", {"PaginationConfig": {"PageSize": 50}}),
    ("ecs", "list_clusters", {}), ("eks", "list_clusters", {}),
    ("resourcegroupstaggingapi", "get_resources", {"ResourceTypeFilters": ["lambda:function"]}),
    ("lambda", "list_functions", {}), ("iam", "list_users", {}), ("iam", "list_users", {}),
    ("secretsmanager", "list_secrets", {}),
)  # fmt: skip
GLOBAL = ("cloudfront", "iam", "route53")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--runs", type=int, default=3, help="the fastest of so many runs counts")
    parser.add_argument("--one", choices=["serve", "bare", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "serve":
        _serve(given.resources[0])
    elif given.one:
        print(json.dumps(_one(given.one, given.url)))
    else:
        raise SystemExit(_judge([_measure(count, given.runs) for count in given.resources]))


def _measure(count: int, runs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one"]
    with subprocess.Popen(
        [*command, "serve", "--resources", str(count)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            found: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
            _child([*command, "bare", "--url", url])  # moto loads its services at the first call
            for _ in range(runs):
                for kind, results in found.items():
                    results.append(_child([*command, kind, "--url", url]))
        finally:
            server.terminate()
    best = {kind: min(r["seconds"] for r in results) for kind, results in found.items()}
    peak = {kind: max(r["mib"] for r in results) for kind, results in found.items()}
    rows = found["ours"][0]["rows"]
    assert rows >= count, f"{rows} rows of {count} resources"
    assert rows == found["bare"][0]["rows"], "the two did not read the same"
    return {"count": count, "bare": best["bare"], "ours": best["ours"],
            "ratio": best["ours"] / best["bare"], "mib": peak["ours"],
            "bare_mib": peak["bare"]}  # fmt: skip


def _child(command: Sequence[str]) -> dict[str, float]:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def _serve(count: int) -> None:
    """Fill moto's own tables, print the address, serve until terminated."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.backends import get_backend
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ec2.models import ec2_backends
    from moto.logs.models import logs_backends
    from moto.server import ThreadedMotoServer

    for service in {service for service, _, _ in CALLS} | {"sts"}:
        get_backend(service)  # loaded now, not while something is measured
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    ec2 = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
    logs = logs_backends[DEFAULT_ACCOUNT_ID][REGION]
    for _ in range(int(count * SHARES["disk"])):
        ec2.create_volume(size=100, zone_name=f"{REGION}a", volume_type="gp3")
    for _ in range(int(count * SHARES["address"])):
        ec2.allocate_address("vpc")
    for number in range(int(count * SHARES["log_group"])):
        logs.create_log_group(f"/app/{number:06}", {})
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    Event().wait()


def _one(kind: str, url: str) -> dict[str, float]:
    """One reading in this process, from its first import of the SDK on."""
    started = perf_counter()
    rows = _bare(url) if kind == "bare" else _ours(url)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"seconds": seconds, "mib": peak, "rows": rows}


def _ours(url: str) -> int:
    from clouds.aws import connect

    found = connect(endpoint_url=url, regions=[REGION]).inventory()
    assert not found.failed, found.failed
    return found.rows.height


def _bare(url: str) -> int:
    """Count what the pages hold, and keep nothing."""
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    config = Config(max_pool_connections=2 * WORKERS)
    session.client("sts", region_name=REGION, endpoint_url=url).get_caller_identity()
    services = sorted({service for service, _, _ in CALLS})
    clients = {
        service: session.client(
            service, endpoint_url=url, config=config,
            region_name="us-east-1" if service in GLOBAL else REGION,
        )
        for service in services
    }  # fmt: skip

    def read(call: tuple[str, str, dict[str, Any]]) -> int:
        service, operation, given = call
        client = clients[service]
        if not client.can_paginate(operation):
            return _count(getattr(client, operation)(**given))
        return sum(_count(page) for page in client.get_paginator(operation).paginate(**given))

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(read, CALLS))


def _count(page: dict[str, Any]) -> int:
    counted = ("Addresses", "SecurityGroups", "Subnets", "Volumes", "Vpcs", "logGroups")
    return sum(len(page.get(name, ())) for name in counted)


def _judge(results: Sequence[dict[str, float]]) -> int:
    print(f"{'resources':>10} {'bare s':>8} {'ours s':>8} {'ratio':>6} {'bare MiB':>9} {'MiB':>6}")
    failed: list[str] = []
    for result in results:
        print(
            f"{result['count']:>10,} {result['bare']:>8.2f} {result['ours']:>8.2f}"
            f" {result['ratio']:>6.2f} {result['bare_mib']:>9.0f} {result['mib']:>6.0f}"
        )
        if result["ratio"] > MOST_TIMES:
            failed.append(f"{result['count']:,}: {result['ratio']:.2f} > {MOST_TIMES} times")
    growth = results[-1]["mib"] / results[0]["mib"]
    print(f"peak memory grows {growth:.2f} times")
    if growth > MOST_GROWTH:
        failed.append(f"memory grows {growth:.2f} > {MOST_GROWTH} times")
    print("\n".join(f"MISSED {each}" for each in failed) or "met")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
