"""A small DigitalOcean that keeps state: each answer is held against the official description."""

import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from digitalocean_description import description, scopes
from jsonschema import Draft202012Validator

from clouds.digitalocean.connection import DigitalOcean

TOKEN = "dop_v1_a-token-that-nobody-may-see"
TEAM = "5df3e3004a17e242b7c20ca6c9fc25b701a47ece"
ACCOUNT = f"do:team:{TEAM}"
LISTS = {  # path -> name of the list in the answer
    "/v2/customers/my/billing_history": "billing_history",
    "/v2/regions": "regions",
    "/v2/droplets": "droplets",
    "/v2/volumes": "volumes",
    "/v2/snapshots": "snapshots",
    "/v2/reserved_ips": "reserved_ips",
    "/v2/reserved_ipv6": "reserved_ipv6s",
    "/v2/load_balancers": "load_balancers",
    "/v2/databases": "databases",
    "/v2/kubernetes/clusters": "kubernetes_clusters",
    "/v2/spaces/keys": "keys",
    "/v2/firewalls": "firewalls",
    "/v2/domains": "domains",
    "/v2/vpcs": "vpcs",
    "/v2/sizes": "sizes",
}
INVOICES = "/v2/customers/my/invoices"
METRICS = "/v2/monitoring/metrics/droplet/"
REGION = {"name": "New York 3", "slug": "nyc3", "features": [], "available": True, "sizes": []}

Record = dict[str, Any]
Series = list[tuple[Record, list[tuple[int, float]]]]  # labels, samples


@dataclass
class Fake:
    """What the account has, and what goes wrong there."""

    lists: dict[str, list[Record]] = field(
        default_factory=lambda: {**{path: [] for path in LISTS}, "/v2/regions": [dict(REGION)]}
    )
    invoices: list[Record] = field(default_factory=list[Record])
    preview: Record | None = None
    balance: Record = field(
        default_factory=lambda: {
            "month_to_date_balance": "23.44",
            "account_balance": "12.23",
            "month_to_date_usage": "11.21",
            "generated_at": "2026-11-20T15:01:12Z",
        }
    )
    items: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])
    summaries: dict[str, Record] = field(default_factory=dict[str, Record])
    samples: dict[str, Callable[[Mapping[str, str]], Series]] = field(
        default_factory=dict[str, Callable[[Mapping[str, str]], Series]]
    )
    token: str = TOKEN
    denied: set[str] = field(default_factory=set[str])  # paths that the token may not read
    turned_away: list[tuple[int, Record]] = field(default_factory=list[tuple[int, Record]])
    cut: set[str] = field(default_factory=set[str])  # paths whose answer breaks off
    asked: list[tuple[str, Record]] = field(default_factory=list[tuple[str, Record]])
    answered: list[tuple[float, float, int]] = field(
        default_factory=list[tuple[float, float, int]]
    )  # asked and answered, seconds of the monotonic clock, and the status
    problems: list[str] = field(default_factory=list[str])
    url: str = ""

    def answer(self, path: str, query: Record) -> tuple[int, Record]:
        """Status and body for a path of the description."""
        name, _, uuid = _template(path)
        self.asked.append((name, query))
        if name in self.denied:
            return 403, {"id": "forbidden", "message": "You are not authorized to do this."}
        if name == "/v2/account":
            return 200, {"account": _account()}
        if name == "/v2/customers/my/balance":
            return 200, dict(self.balance)
        if name.endswith("/summary"):
            found = self.summaries.get(uuid)
            return (200, found) if found else _missing()
        if name == INVOICES:
            body = self._page(path, "invoices", self.invoices, query)
            return 200, {**body, **({"invoice_preview": self.preview} if self.preview else {})}
        if name == f"{INVOICES}/{{invoice_uuid}}":
            if uuid not in self.items:
                return _missing()
            return 200, self._page(path, "invoice_items", self.items[uuid], query)
        if name.startswith(METRICS):
            return 200, self._measured(name, query)
        if name == "/v2/databases":
            return 200, {"databases": self.lists[name]}
        return 200, self._page(path, LISTS[name], self.lists[name], query)

    def _page(self, path: str, name: str, records: list[Record], query: Record) -> Record:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        links: Record = {}
        if page * size < len(records):
            links["next"] = f"{self.url}{path}?page={page + 1}&per_page={size}"
            links["last"] = f"{self.url}{path}?page={-(-len(records) // size)}&per_page={size}"
        return {
            name: records[(page - 1) * size : page * size],
            "links": {"pages": links} if links else {},
            "meta": {"total": len(records)},
        }

    def _measured(self, name: str, query: Record) -> Record:
        start, end = int(query["start"]), int(query["end"])
        series = self.samples.get(name.removeprefix(METRICS), lambda _: [])(query)
        result = [
            {"metric": {"host_id": query["host_id"], **labels},
             "values": [[at, str(value)] for at, value in points if start <= at <= end]}
            for labels, points in series
        ]  # fmt: skip
        return {"status": "success", "data": {"resultType": "matrix", "result": result}}


Connect = Callable[[Fake], DigitalOcean]


@contextmanager
def serve(fake: Fake) -> Generator[Fake]:
    """The fake on a free port of this machine; ends by saying which answers were not valid."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked_at, url = monotonic(), urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            headers: Record = {}
            if self.headers["Authorization"] != f"Bearer {fake.token}":
                fake.asked.append((_template(url.path)[0], query))
                status, body = 401, {"id": "unauthorized", "message": "Unable to authenticate you"}
            elif fake.turned_away:
                status, headers = fake.turned_away.pop(0)
                body = {"id": "too_many_requests", "message": "API rate limit exceeded."}
            else:
                status, body = fake.answer(url.path, query)
                fake.problems += problems(url.path, query, status, body)
            fake.answered.append((asked_at, monotonic(), status))
            self._send(status, json.dumps(body).encode(), headers, url.path in fake.cut)

        def _send(self, status: int, body: bytes, headers: Record, is_cut: bool) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
            self.close_connection = is_cut

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not fake.problems, fake.problems


def problems(path: str, query: Mapping[str, str], status: int, body: Record) -> list[str]:
    """What the description does not know of a question, or of an answer."""
    name, get, _ = _template(path)
    known = {each["name"] for each in map(_resolved, get.get("parameters", []))}
    strange = query.keys() - known - {"page", "per_page"}  # all lists are paged: introduction
    found = [f"{name}: no parameter {each}" for each in sorted(strange)]
    found += [f"{name}: {each}={query[each]}" for each in query.keys() & {"per_page"}
              if not 1 <= int(query[each]) <= 200]  # fmt: skip
    errors = _validator(name, str(status)).iter_errors(body)
    return found + [f"{name}: {each.json_path} {each.message[:300]}" for each in errors]


def permissions(fake: Fake) -> set[str]:
    """The scopes that the description names for what has been asked."""
    return {scope for name, _ in fake.asked for scope in scopes(name)}


@cache
def _validator(name: str, status: str) -> Draft202012Validator:
    responses = description()["paths"][name]["get"]["responses"]
    answer = _resolved(responses.get(status) or responses["default"])
    schema = _strict(answer["content"]["application/json"]["schema"])
    components = {
        each: _plain(found) for each, found in description()["components"]["schemas"].items()
    }
    return Draft202012Validator({**schema, "components": {"schemas": components}})


def _strict(schema: Record) -> Record:
    """Also without properties that the description does not know."""
    return {"allOf": [_plain(schema)], "unevaluatedProperties": False}


def _plain(node: Any) -> Any:
    """JSON Schema out of OpenAPI 3.0: null by `nullable`; records of lists are taken strictly."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {key: _plain(value) for key, value in node.items() if key not in ("nullable", "example")}
    items = out.get("items")
    if isinstance(items, dict) and {"$ref", "allOf", "properties"} & items.keys():
        out["items"] = {"allOf": [items], "unevaluatedProperties": False}
    return {"anyOf": [out, {"type": "null"}]} if node.get("nullable") is True else out


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = description()
    for key in node["$ref"][2:].split("/"):
        found = found[key]
    return found


def _template(path: str) -> tuple[str, Record, str]:
    """Path of the description, its operation, and the id in the path asked for."""
    for name, item in description()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(name))
        if found := re.fullmatch(pattern, path):
            return name, item["get"], found[1] if found.groups() else ""
    raise AssertionError(f"the description knows no path {path}")


def _missing() -> tuple[int, Record]:
    return 404, {"id": "not_found", "message": "The resource you requested could not be found."}


def _account() -> Record:
    return {
        "droplet_limit": 25, "floating_ip_limit": 5, "email": "ops@example.test", "uuid": "u-1",
        "email_verified": True, "status": "active", "status_message": "",
        "team": {"uuid": TEAM, "name": "Acme"},
    }  # fmt: skip
