"""A thin fake of Azure Resource Manager: it keeps an estate, and answers by Azure's own schemas.

It is ours, so it proves shapes and paging, not what Azure really does.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft4Validator

SCHEMAS = Path(__file__).parent / "schemas"
QUERY = re.compile(
    r"(?P<table>\w+)\n\| where type in~ \((?P<types>[^)]+)\)\n"
    r"\| project (?P<columns>[\w, ]+)\n\| order by id asc"
)
OFFICIAL = {  # type -> file and definition
    "microsoft.compute/virtualmachines": ("compute", "VirtualMachine"),
    "microsoft.compute/disks": ("disk", "Disk"),
    "microsoft.compute/snapshots": ("disk", "Snapshot"),
    "microsoft.network/publicipaddresses": ("network", "PublicIPAddress"),
}
TABLES = {
    "computeresources": ("microsoft.compute/virtualmachinescalesets/virtualmachines",),
    "advisorresources": ("microsoft.advisor/recommendations",),
    "recoveryservicesresources": (
        "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems",
    ),
}
READER = [{"actions": ["*/read"], "notActions": []}]
TOKEN = "token-of-the-test"


class Credential:
    """What the SDK asks for tokens; `azure.core` needs both methods."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.asked = 0

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        self.asked += 1
        return AccessToken(self.token, int(time.time()) + 3600)

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        from azure.core.credentials import AccessTokenInfo

        self.asked += 1
        return AccessTokenInfo(self.token, int(time.time()) + 3600)


def allow_http() -> Any:
    """A step of the SDK's pipeline that lets a token travel to our own machine without TLS."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class AllowHttp(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            request.context.options["enforce_https"] = False

    return AllowHttp()


@dataclass
class Fault:
    """The answer to the next `times` calls that match."""

    matches: Callable[[str, str], bool]  # of path and body
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    code: str = "Wanted"


@dataclass
class Call:
    """One call that was answered."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: str
    at: float


class Estate:
    """Subscriptions with their resources and measurements."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, list[str]] = {}  # id -> regions
        self.roles: dict[str, list[dict[str, Any]]] = {}
        self.resources: list[dict[str, Any]] = []
        self.metrics: dict[str, list[dict[str, Any]]] = {}  # resource id -> metrics
        self.costs: dict[str, list[list[Any]]] = {}  # kind of the query -> rows
        self.cost_columns: list[tuple[str, str]] = []
        self.reservations: list[dict[str, Any]] = []
        self.plans: list[dict[str, Any]] = []
        self.prices: list[dict[str, Any]] = []
        self.page = 1000  # rows in an answer, if the caller asks for more
        self.token = TOKEN
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.lock = Lock()
        self.url = ""

    def add(self, subscription: str, *regions: str) -> None:
        """A subscription in which we may read everything."""
        self.subscriptions[subscription] = list(regions)
        self.roles[subscription] = READER

    def put(self, resource_id: str, **body: Any) -> str:
        """A resource as Resource Graph gives it; its ARM shape must be the official one."""
        names = resource_id.split("/providers/")[-1].split("/")
        kind = "/".join([names[0], *names[1::2]]).lower()
        whole = {"id": resource_id, "name": names[-1], "type": kind, "properties": {}, **body}
        if kind in OFFICIAL:
            check(*OFFICIAL[kind], whole)
        self.resources.append(whole)
        return resource_id

    def fail(self, matches: Callable[[str, str], bool], status: int, **more: Any) -> None:
        """Let matching calls go wrong."""
        self.faults.append(Fault(matches, status, **more))


def check(file: str, definition: str, body: Any) -> None:
    """Whether a body is as Azure describes it; raises otherwise."""
    definitions = json.loads((SCHEMAS / f"{file}.json").read_text())
    schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions}
    Draft4Validator(schema).validate(without_nulls(body))


def without_nulls(value: Any) -> Any:
    """Null stands for absent."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


class Server:
    """The estate behind HTTP on a free port of this machine."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def __enter__(self) -> Estate:
        handler = type("Handler", (_Handler,), {"estate": self.estate})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.estate.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self.estate

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    estate: Estate
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, body: str) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        estate = self.estate
        with estate.lock:
            call = Call(self.command, url.path, query, body, time.monotonic())
            estate.calls.append(call)
            fault = next((f for f in estate.faults if f.times and f.matches(url.path, body)), None)
            if fault:
                fault.times -= 1
        if fault:
            told = {"error": {"code": fault.code, "message": f"wanted {fault.status}"}}
            return self._send(fault.status, told, fault.headers)
        try:
            if "/retail/" not in url.path and not self._is_known():
                raise Refused(401, "ExpiredAuthenticationToken", "The access token has expired.")
            self._send(200, _route(estate, call))
        except Refused as error:
            told = {"error": {"code": error.code, "message": error.message}}
            self._send(error.status, told)

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.estate.token}"

    def _send(self, status: int, told: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _route(estate: Estate, call: Call) -> Any:
    path = call.path.lower()
    if path == "/providers/microsoft.resourcegraph/resources":
        return _graph(estate, json.loads(call.body))
    if path == "/subscriptions":
        found = [{"subscriptionId": each, "state": "Enabled"} for each in estate.subscriptions]
        return _page(estate, call, found)
    if match := re.fullmatch(r"/subscriptions/([^/]+)/locations", path):
        return {"value": [{"name": region} for region in estate.subscriptions[match[1]]]}
    if match := re.fullmatch(
        r"/subscriptions/([^/]+)/providers/microsoft.authorization/permissions", path
    ):
        return {"value": estate.roles[match[1]]}
    if path.endswith("/providers/microsoft.insights/metrics"):
        return _metrics(estate, call)
    if path.endswith("/providers/microsoft.costmanagement/query"):
        return _costs(estate, call)
    if path == "/providers/microsoft.capacity/reservations":
        return _page(estate, call, estate.reservations)
    if path == "/providers/microsoft.billingbenefits/savingsplans":
        return _page(estate, call, estate.plans)
    if path == "/api/retail/prices":
        return _prices(estate, call)
    raise Refused(404, "NotFound", f"the fake knows no {call.path}")


def _page(estate: Estate, call: Call, rows: list[dict[str, Any]]) -> dict[str, Any]:
    start = int(call.query.get("$skiptoken", ["0"])[0])
    end = start + estate.page
    link = f"{estate.url}{call.path}?api-version=1&$skiptoken={end}"
    return {"value": rows[start:end], **({"nextLink": link} if end < len(rows) else {})}


def _graph(estate: Estate, asked: dict[str, Any]) -> dict[str, Any]:
    check("resource-graph", "QueryRequest", asked)
    match = QUERY.fullmatch(asked["query"])
    if match is None:
        raise Refused(400, "BadRequest", "the fake does not understand this query")
    types = {each.strip().strip("'").lower() for each in match["types"].split(",")}
    columns = [each.strip() for each in match["columns"].split(",")]
    own = TABLES.get(match["table"].lower())
    rows = [
        {column: resource.get(column) for column in columns}
        for resource in sorted(estate.resources, key=lambda each: each["id"].lower())
        if resource["type"] in types
        and (resource["type"] in own if own else not _is_elsewhere(resource["type"]))
        and resource["id"].split("/")[2].lower() in asked["subscriptions"]
    ]
    options = asked["options"]
    start = int(options.get("$skipToken") or 0)
    end = start + min(options["$top"], estate.page)
    answer: dict[str, Any] = {"totalRecords": len(rows), "count": len(rows[start:end]),
              "resultTruncated": "false", "data": rows[start:end], "facets": []}  # fmt: skip
    if end < len(rows):
        answer["$skipToken"] = str(end)
    check("resource-graph", "QueryResponse", answer)
    return answer


def _is_elsewhere(kind: str) -> bool:
    return any(kind in kinds for kinds in TABLES.values())


def _metrics(estate: Estate, call: Call) -> dict[str, Any]:
    resource = call.path[: call.path.lower().index("/providers/microsoft.insights")].lower()
    if resource not in estate.metrics:
        raise Refused(404, "ResourceNotFound", f"{resource} was not found")
    names = call.query["metricnames"][0].split(",")
    known = {metric["name"].lower(): metric for metric in estate.metrics[resource]}
    if unknown := [name for name in names if name.lower() not in known]:
        raise Refused(400, "BadRequest", f"Failed to find metric configuration for {unknown}")
    start, end = call.query["timespan"][0].split("/")
    value = [
        {
            "id": f"{resource}/providers/Microsoft.Insights/metrics/{name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": name, "localizedValue": name},
            "unit": known[name.lower()].get("unit", "Count"),
            "timeseries": [
                {
                    "metadatavalues": [],
                    "data": [
                        point
                        for point in known[name.lower()]["data"]
                        if start <= point["timeStamp"] < end
                    ],
                }
            ],
        }
        for name in names
    ]
    answer = {"cost": 1, "timespan": f"{start}/{end}", "interval": "PT1H", "value": value,
              "namespace": "x", "resourceregion": "westeurope"}  # fmt: skip
    check("monitor", "Response", answer)
    return answer


def _costs(estate: Estate, call: Call) -> dict[str, Any]:
    asked = json.loads(call.body)
    check("cost-management", "QueryDefinition", asked)
    first = asked["timePeriod"]["from"][:10].replace("-", "")
    last = asked["timePeriod"]["to"][:10].replace("-", "")
    at = [name for name, _ in estate.cost_columns].index("UsageDate")
    rows = [row for row in estate.costs[asked["type"]] if first <= str(row[at]) <= last]
    start = int(call.query.get("$skiptoken", ["0"])[0])
    end = start + estate.page
    link = f"{estate.url}{call.path}?api-version=1&$skiptoken={end}"
    answer = {
        "id": "query", "name": "query", "type": "Microsoft.CostManagement/query",
        "properties": {
            "nextLink": link if end < len(rows) else None,
            "columns": [{"name": name, "type": kind} for name, kind in estate.cost_columns],
            "rows": rows[start:end],
        },
    }  # fmt: skip
    check("cost-management", "QueryResult", answer)
    return answer


def _prices(estate: Estate, call: Call) -> dict[str, Any]:
    skip = int(call.query.get("$skip", ["0"])[0])
    wanted = call.query.get("$filter", [""])[0]
    region = re.search(r"armRegionName eq '(\w+)'", wanted)
    rows = [item for item in estate.prices if region is None or item["armRegionName"] == region[1]]
    end = skip + estate.page
    link = f"{estate.url}{call.path}?$skip={end}&$filter={wanted.replace(' ', '%20')}"
    return {"BillingCurrency": "USD", "Items": rows[skip:end],
            "NextPageLink": link if end < len(rows) else None, "Count": len(rows)}  # fmt: skip
