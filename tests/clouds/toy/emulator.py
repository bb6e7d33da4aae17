"""The API of the toy cloud with two small accounts and an empty one, behind a proxy that fails."""

import csv
import io
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contract import SLOW, Asked, Standard, asked
from proxy import Call, Proxy

from clouds.cloud import Cloud

NEVER: Mapping[str, str] = {}
NOW = datetime(2026, 3, 20, 12)
CREATED = datetime(2026, 1, 5, 6)  # UTC
TOKENS = {name: f"toy-secret-{name}-{'x' * 20}" for name in ("shop", "lab", "void")}
REGIONS = ("north", "south")
MACHINES, DISKS, PAGE = 5, 2, 2
ODD = 'it\'s "odd" \N{SPARKLES} ' + "x" * 240
PATHS = {"instance": "machines", "disk": "disks"}
NEEDS = {"machines": "machines.read", "disks": "disks.read", "usage": "usage.read",
         "bills": "bills.read"}  # fmt: skip


class Toy:
    """The running emulator."""

    secrets: Sequence[str] = tuple(TOKENS.values())
    standard = Standard(
        resources=2 * len(REGIONS) * (MACHINES + DISKS),
        created={"shop-north-m0": CREATED, "lab-south-d1": CREATED + timedelta(days=1)},
        sizes={"shop-north-d0": 20.0},
        part=("shop", "north", "disk"),
        measured=(NOW - timedelta(hours=6), NOW),
        averages={("shop-north-m0", "cpu_percent"): 25.0, ("lab-south-m0", "cpu_percent"): 25.0},
    )

    def __init__(self, proxy: Proxy, folder: Path) -> None:
        self.proxy = proxy
        self.tokens = folder / "tokens"
        self.tokens.mkdir()
        for name, token in TOKENS.items():
            (self.tokens / name).write_text(token)

    def options(self, *accounts: str) -> dict[str, Any]:
        """What a source in the settings says."""
        return {"url": self.proxy.url, "accounts": list(accounts), "tokens": str(self.tokens)}

    def connect(self) -> Cloud:
        from toy_cloud import connect

        return connect(**self.options("shop", "lab"))

    def connect_empty(self) -> Cloud:
        from toy_cloud import connect

        return connect(**self.options("void"))

    def deny(self, account: str, region: str, kind: str) -> None:
        wanted = f"/{region}/{PATHS[kind] if kind else ''}"
        what = PATHS.get(kind, "machines")
        body = json.dumps({"permission": NEEDS[what]}).encode()
        self.proxy.deny(
            lambda call: call.account == account and call.path.startswith(wanted), body=body
        )

    def throttle(self, status: int, seconds: int) -> None:
        self.proxy.fail(
            lambda call: "/machines" in call.path,
            status=status, headers={"Retry-After": str(seconds)},
        )  # fmt: skip
        self.proxy.fail(times=float("inf"), delay=SLOW)

    def expire(self, account: str) -> None:
        self.proxy.deny(lambda call: call.account == account, status=401)

    def heal(self) -> None:
        self.proxy.heal()

    def calls(self) -> Sequence[Asked]:
        return [asked(call, "toy") for call in self.proxy.calls]


@contextmanager
def for_contract(folder: Path) -> Generator[Toy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with Proxy(f"http://127.0.0.1:{server.server_port}", _account) as proxy:
            yield Toy(proxy, folder)
    finally:
        server.shutdown()
        server.server_close()


class Api(BaseHTTPRequestHandler):
    """The toy cloud itself."""

    def do_GET(self) -> None:
        account = _account(self)
        url = urlsplit(self.path)
        asked_for = {name: values[0] for name, values in parse_qs(url.query).items()}
        if not account:
            self._answer(401, b"")
        elif url.path.startswith("/bills/"):
            self._answer(200, bill(account))
        else:
            items = list(_items(account, url.path.strip("/").split("/"), asked_for))
            page = int(asked_for.get("page", 1))
            more = page + 1 if len(items) > page * PAGE else None
            shown = {"items": items[(page - 1) * PAGE : page * PAGE], "next": more}
            self._answer(200, json.dumps(shown).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


def _account(call: Call | Api) -> str:
    token = call.headers.get("Authorization", "").removeprefix("Bearer ")
    return next((name for name, known in TOKENS.items() if known == token), "")


def _items(account: str, path: list[str], asked_for: dict[str, str]) -> Generator[dict[str, Any]]:
    if account == "void":
        return
    match path:
        case ["bills"]:
            yield {"name": "2026-03.csv", "sha256": sha256(bill(account)).hexdigest()}
        case [region, "machines"]:
            yield from (_machine(account, region, number) for number in range(MACHINES))
        case [region, "disks"]:
            yield from (_disk(account, region, number) for number in range(DISKS))
        case [_, "usage"] if asked_for.get("machine", "").endswith("m0"):
            yield from _usage(asked_for["since"], asked_for["until"])
        case _:
            pass


def _machine(account: str, region: str, number: int) -> dict[str, Any]:
    return {
        "id": f"{account}-{region}-m{number}",
        "name": f"web {number}",
        "type": "m2",
        "state": "running",
        "zone": "a",
        "created": _local(CREATED + timedelta(days=number)),
        "labels": {"team": ODD if number == 0 else "web"},
    }


def _disk(account: str, region: str, number: int) -> dict[str, Any]:
    return {
        "id": f"{account}-{region}-d{number}",
        "name": f"data {number}",
        "type": "ssd",
        "state": "in-use",
        "zone": "a",
        "created": _local(CREATED + timedelta(days=number)),
        "machine": f"{account}-{region}-m{number}",
        "size_mib": 20480,
        "labels": {},
    }


def _usage(since: str, until: str) -> Generator[dict[str, Any]]:
    hour, end = datetime.fromisoformat(since), datetime.fromisoformat(until)
    hour = max(hour, NOW - timedelta(hours=12))
    while hour < min(end, NOW):
        yield {"hour": _local(hour), "mean": 0.25, "peak": 0.5, "samples": 12}
        hour += timedelta(hours=1)


def _local(moment: datetime) -> str:
    """As a cloud that thinks in its own time zone would write it."""
    return moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=2))).isoformat()


def bill(account: str) -> bytes:
    """One month as FOCUS, a line a day for the first machine."""
    text = io.StringIO()
    rows = csv.DictWriter(text, list(_line(account, date(2026, 3, 1))))
    rows.writeheader()
    rows.writerows(_line(account, date(2026, 3, day)) for day in range(1, NOW.day))
    return text.getvalue().encode()


def _line(account: str, day: date) -> dict[str, str]:
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), "1.25")
    return {
        "BillingAccountId": f"{account}-payer", "SubAccountId": account,
        "BillingPeriodStart": "2026-03-01T00:00:00Z", "BillingPeriodEnd": "2026-04-01T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "ChargeCategory": "Usage", "BillingCurrency": "EUR", "ProviderName": "toy",
        "PublisherName": "toy", "InvoiceIssuerName": "toy", "ServiceName": "Machines",
        "ServiceCategory": "Compute", "RegionId": "north", "ResourceId": f"{account}-north-m0",
        "PricingQuantity": "24", "PricingUnit": "hours", "SkuId": "m2",
        "ChargeDescription": f"machine m2 of {account}", "Tags": '{"team": "web"}', **money,
    }  # fmt: skip
