"""Read an AWS inventory from moto, against bare boto3 paginating the same calls as concurrently.

Volumes, addresses and log groups stand in for instances, which moto takes long to make; they have
no tags, which moto looks up in the square of their number. What the bare one asks is what ours was
seen to ask, but for the tokens of further pages. The server and each reading are processes of their
own. Passes if our reading, with parsing, budget and sorting, takes at most 1.3 times as long as the
bare one.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

from botocore import xform_name

Call = tuple[str, str, str, dict[str, Any]]  # service, region, operation, parameters
MOST_TIMES = 1.3  # of bare boto3
MOST_GROWTH = 1.5  # of peak memory, from the fewest to the most resources
REGION = "eu-west-1"
WORKERS = 8  # threads, as in a sweep
SHARES = {"disk": 0.8, "address": 0.15, "log_group": 0.05}
COUNTED = {
    "disk": "Volumes", "address": "Addresses", "log_group": "logGroups", "network": "Vpcs",
    "subnet": "Subnets", "security_group": "SecurityGroups",
}  # fmt: skip
"""What moto holds: our kind, and the key of its list in an answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--runs", type=int, default=3, help="the fastest of so many runs counts")
    parser.add_argument("--one", choices=["serve", "watch", "bare", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "serve":
        _serve(given.resources[0])
    elif given.one == "watch":
        _watch(given.url, given.calls)
    elif given.one:
        print(json.dumps(_one(given.one, given.url, given.calls)))
    else:
        raise SystemExit(_judge([_measure(count, given.runs) for count in given.resources]))


def _measure(count: int, runs: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.inventory", "--one"]
    serve = [*command, "serve", "--resources", str(count)]
    found: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
    with (
        tempfile.NamedTemporaryFile("r") as calls,
        subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            asked = ["--url", server.stdout.readline().strip(), "--calls", calls.name]
            _child([*command, "watch", *asked])  # moto also loads its services at the first call
            for _ in range(runs):
                for kind, results in found.items():
                    results.append(json.loads(_child([*command, kind, *asked])))
        finally:
            server.kill()  # it may not heed SIGTERM, which whoever started us can ignore
    best = {kind: min(r["seconds"] for r in results) for kind, results in found.items()}
    peak = {kind: max(r["mib"] for r in results) for kind, results in found.items()}
    rows = found["ours"][0]["rows"]
    assert rows >= count, f"{rows} rows of {count} resources"
    assert rows == found["bare"][0]["rows"], f"{rows} rows, {found['bare'][0]['rows']} bare"
    return {"count": count, "bare": best["bare"], "ours": best["ours"],
            "ratio": best["ours"] / best["bare"], "mib": peak["ours"],
            "bare_mib": peak["bare"]}  # fmt: skip


def _child(command: Sequence[str]) -> str:
    """The last line that it prints."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return done.stdout.splitlines()[-1]


def _serve(count: int) -> None:
    """Fill moto's own tables, print the address, serve until terminated."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.ec2.models import ec2_backends
    from moto.logs.models import logs_backends

    from tests.clouds.aws.aws_emulator import Emulator  # answers what moto does not know, too

    server = Emulator()
    ec2 = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
    logs = logs_backends[DEFAULT_ACCOUNT_ID][REGION]
    for _ in range(int(count * SHARES["disk"])):
        ec2.create_volume(size=100, zone_name=f"{REGION}a", volume_type="gp3")
    for _ in range(int(count * SHARES["address"])):
        ec2.allocate_address("vpc")
    for number in range(int(count * SHARES["log_group"])):
        logs.create_log_group(f"/app/{number:06}", {})
    print(server.url, flush=True)
    Event().wait()


def _watch(url: str, to: Path) -> None:
    """Read once, and note each call that begins a listing."""
    from botocore.client import BaseClient

    ask = BaseClient._make_api_call  # pyright: ignore[reportPrivateUsage]
    calls: list[Call] = []

    def noted(client: Any, operation: str, given: dict[str, Any]) -> Any:
        name = xform_name(operation)
        tokens: Any = ()
        if client.can_paginate(name):
            tokens = client.get_paginator(name)._input_token
        if not given.keys() & set(tokens):
            calls.append(
                (client.meta.service_model.service_name, client.meta.region_name, name, given)
            )
        return ask(client, operation, given)

    BaseClient._make_api_call = noted  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    print(_ours(url))
    to.write_text(json.dumps(calls))


def _one(kind: str, url: str, calls: Path) -> dict[str, float]:
    """One reading in this process, from its first import of the SDK on."""
    asked = json.loads(calls.read_text())
    started = perf_counter()
    rows = _bare(url, asked) if kind == "bare" else _ours(url)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"seconds": seconds, "mib": peak, "rows": rows}


def _ours(url: str) -> int:
    from clouds.aws import connect

    found = connect(endpoint_url=url, regions=[REGION]).inventory()
    assert not found.failed, found.failed
    return found.rows.filter(found.rows["kind"].is_in(list(COUNTED))).height


def _bare(url: str, calls: Sequence[Call]) -> int:
    """Count what the pages hold, and keep nothing."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    session = boto3.Session()
    config = Config(max_pool_connections=2 * WORKERS)
    clients = {
        (service, region): session.client(
            service, endpoint_url=url, config=config, region_name=region
        )
        for service, region in sorted({(service, region) for service, region, _, _ in calls})
    }

    def read(call: Call) -> int:
        service, region, operation, given = call
        client = clients[service, region]
        try:
            if not client.can_paginate(operation):
                return _count(getattr(client, operation)(**given))
            return sum(_count(page) for page in client.get_paginator(operation).paginate(**given))
        except ClientError:  # as of an account without an organisation
            return 0

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(read, calls))


def _count(page: dict[str, Any]) -> int:
    return sum(len(page.get(name, ())) for name in COUNTED.values())


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
