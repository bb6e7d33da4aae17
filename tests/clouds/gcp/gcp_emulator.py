"""Google's asset, billing and monitoring APIs as thin fakes that remember what they were given.

Each answer is held against Google's discovery documents before it is sent.
"""

import json
import re
import time
from collections import defaultdict
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gcp_discovery as discovery
import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud.monitoring_v3 import ListTimeSeriesRequest, ListTimeSeriesResponse
from google.protobuf.json_format import MessageToDict

from clouds.gcp.access import Access
from clouds.gcp.permissions import READS

ASSETS, SERIES, ACCOUNT = (
    "cloudasset.assets.listResource", "monitoring.timeSeries.list", "billing.accounts.get",
)  # fmt: skip
STATUS = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED",
          400: "INVALID_ARGUMENT", 503: "UNAVAILABLE", 404: "NOT_FOUND"}  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """An answer that is none."""

    code: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    details: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Answer:
    """When a call came and its answer went out, seconds of `time.monotonic`."""

    at: float
    answered_at: float
    project: str
    api: str
    status: int


@dataclass
class Google:
    """What the fakes hold, and how they behave."""

    assets: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    skus: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[datetime, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    page: int = 1000
    granted: set[str] = field(
        default_factory=lambda: {name for names in READS.values() for name in names}
    )
    used: set[str] = field(default_factory=set[str])
    denied_parents: set[str] = field(default_factory=set[str])
    denied_types: set[str] = field(default_factory=set[str])
    refusals: list[Refusal] = field(default_factory=list[Refusal])  # of the next calls
    always: Refusal | None = None
    expiring: int = 0  # so many later pages are refused for their token
    expired: set[str] = field(default_factory=set[str])  # projects
    slow: float = 0  # seconds that each answer takes
    calls: list[str] = field(default_factory=list[str])
    answers: list[Answer] = field(default_factory=list["Answer"])

    def refused(self, permission: str | None, parent: str = "") -> Refusal | None:
        if parent.removeprefix("projects/") in self.expired:
            return Refusal(401, "Request had invalid authentication credentials.")
        if self.always:
            return self.always
        if self.refusals:
            return self.refusals.pop(0)
        if permission:
            self.used.add(permission)
            if permission not in self.granted:
                return Refusal(403, f"Permission '{permission}' denied on resource.")
        return None

    def measure(self, metric: str, labels: Mapping[str, str], at: datetime, value: float) -> None:
        self.samples[metric, tuple(sorted(labels.items()))].append((at, value))

    def get(self, path: str, query: Mapping[str, list[str]]) -> Refusal | dict[str, Any]:
        if found := re.fullmatch(r"/v1/((?:projects|folders|organizations)/[^/]+)/assets", path):
            return self._list_assets(found.group(1), query)
        if path == "/v1/services/6F81-5844-456A/skus":
            return self.refused(None) or self._paged(
                self.skus, query, "skus", "cloudbilling.v1", "ListSkusResponse"
            )
        if path == "/v1/billingAccounts/01AB":
            body = {"name": "billingAccounts/01AB", "displayName": "Acme", "open": True}
            discovery.check("cloudbilling.v1", "BillingAccount", body)
            return self.refused(ACCOUNT) or body
        return Refusal(404, f"nothing at {path}")

    def _list_assets(self, parent: str, query: Mapping[str, list[str]]) -> Refusal | dict[str, Any]:
        refused = self.refused(ASSETS, parent)
        types = query.get("assetTypes", [])
        assert query["contentType"] in (["RESOURCE"], ["1"]), query  # the client sends numbers
        if refused:
            return refused
        if parent in self.denied_parents or self.denied_types & set(types):
            return Refusal(403, "The caller does not have permission")
        numbers = [f"projects/{a['resource']['data']['projectNumber']}" for a in self.assets
                   if a["assetType"].endswith("/Project")
                   and a["resource"]["data"]["projectId"] == parent.split("/")[1]]  # fmt: skip
        own = [a for a in self.assets
               if a["assetType"] in types and {parent, *numbers} & set(a["ancestors"])]  # fmt: skip
        return self._paged(own, query, "assets", "cloudasset.v1", "ListAssetsResponse")

    def _paged(
        self, items: list[Any], query: Mapping[str, list[str]], key: str, api: str, schema: str
    ) -> Refusal | dict[str, Any]:
        start = int(query.get("pageToken", ["0"])[0])
        if start and self.expiring:
            self.expiring -= 1
            return Refusal(400, "Request contains an invalid page token.")
        size = min(self.page, int(query["pageSize"][0]))
        body: dict[str, Any] = {key: items[start : start + size]}
        if start + size < len(items):
            body["nextPageToken"] = str(start + size)
        discovery.check(api, schema, body)
        return body

    def series(self, request: ListTimeSeriesRequest) -> ListTimeSeriesResponse:
        """The stored samples, aligned to hours as Monitoring does."""
        said = str(request.filter)
        metric = re.search(r'metric\.type = "([^"]+)"', said)
        among = re.search(r"resource\.labels\.(\w+) = one_of\(([^)]*)\)", said)
        assert metric, said
        assert among, said
        values = set(re.findall(r'"([^"]+)"', among.group(2)))
        found: list[dict[str, Any]] = []
        for (name, labels), samples in self.samples.items():
            if name != metric.group(1) or dict(labels).get(among.group(1)) not in values:
                continue
            hours: dict[datetime, list[float]] = defaultdict(list)
            for at, value in samples:
                if (
                    request.interval.start_time
                    <= at.replace(tzinfo=UTC)
                    < request.interval.end_time
                ):
                    hours[at.replace(minute=0, second=0)].append(value)
            aligner = request.aggregation.per_series_aligner.name
            found.append(_series(name, dict(labels), hours, aligner))
        return self._series_page(found, request)

    def _series_page(
        self, found: list[dict[str, Any]], request: ListTimeSeriesRequest
    ) -> ListTimeSeriesResponse:
        start = int(request.page_token or 0)
        end = start + self.page
        token = str(end) if end < len(found) else ""
        answer = ListTimeSeriesResponse(time_series=found[start:end], next_page_token=token)
        body = MessageToDict(answer._pb)
        discovery.check("monitoring.v3", "ListTimeSeriesResponse", body)
        return answer


@contextmanager
def serving(google: Google) -> Generator[Access]:
    """The fakes on free ports, and access to them without credentials."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(google))
    thread = Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    with ThreadPoolExecutor(4) as pool:
        calls = grpc.server(pool)
        calls.add_generic_rpc_handlers((_Monitoring(google),))
        port = calls.add_insecure_port("127.0.0.1:0")
        calls.start()
        address = f"http://127.0.0.1:{http.server_port}"
        try:
            yield Access(AnonymousCredentials(), {
                "cloudasset": address, "cloudbilling": address, "catalogue": address,
                "monitoring": f"127.0.0.1:{port}",
            })  # fmt: skip
        finally:
            calls.stop(0).wait()
            http.shutdown()
            http.server_close()
            thread.join()


def _handler(google: Google) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            google.calls.append(self.path)
            at = time.monotonic()
            answer = google.get(split.path, parse_qs(split.query))
            if not isinstance(answer, Refusal):
                time.sleep(google.slow)
            code = answer.code if isinstance(answer, Refusal) else 200
            _, _, _, project, api, *_ = f"{split.path}////".split("/")
            google.answers.append(Answer(at, time.monotonic(), project, api, code))
            if isinstance(answer, Refusal):
                error = {
                    "code": answer.code,
                    "message": answer.message,
                    "status": STATUS[answer.code],
                    "details": list(answer.details),
                }
                self._send(answer.code, {"error": error}, answer.headers)
            else:
                self._send(200, answer, {})

        def _send(self, code: int, body: object, headers: Mapping[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Monitoring(grpc.GenericRpcHandler):
    def __init__(self, google: Google) -> None:
        self.google = google

    def service(self, handler_call_details: Any) -> Any:
        if handler_call_details.method != "/google.monitoring.v3.MetricService/ListTimeSeries":
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._answer,
            request_deserializer=ListTimeSeriesRequest.deserialize,
            response_serializer=ListTimeSeriesResponse.serialize,
        )

    def _answer(self, request: ListTimeSeriesRequest, context: Any) -> ListTimeSeriesResponse:
        self.google.calls.append(f"{request.name} {request.filter}")
        refused = self.google.refused(SERIES, request.name)
        if refused:
            context.abort(getattr(grpc.StatusCode, STATUS[refused.code]), refused.message)
        return self.google.series(request)


def _series(
    metric: str, labels: dict[str, str], hours: Mapping[datetime, list[float]], aligner: str
) -> dict[str, Any]:
    """One time series as Monitoring gives it: newest point first, each at the end of its hour."""
    points = []
    for hour in sorted(hours, reverse=True):
        end = int(hour.replace(tzinfo=UTC).timestamp()) + 3600
        value = _aligned(hours[hour], aligner)
        points.append({
            "interval": {"start_time": {"seconds": end - 3600}, "end_time": {"seconds": end}},
            "value": {"int64_value": value} if isinstance(value, int) else {"double_value": value},
        })  # fmt: skip
    kind = "cloudsql_database" if "database_id" in labels else "gce_instance"
    device = {"device_name": labels.pop("device_name")} if "device_name" in labels else {}
    return {
        "metric": {"type": metric, "labels": device},
        "resource": {"type": kind, "labels": labels},
        "metric_kind": "GAUGE",
        "value_type": "INT64" if aligner == "ALIGN_COUNT" else "DOUBLE",
        "points": points,
    }


def _aligned(values: list[float], aligner: str) -> float | int:
    match aligner:
        case "ALIGN_MEAN":
            return sum(values) / len(values)
        case "ALIGN_MAX":
            return max(values)
        case "ALIGN_RATE":
            return sum(values) / 3600
        case "ALIGN_COUNT":
            return len(values)
        case _:
            raise AssertionError(aligner)
