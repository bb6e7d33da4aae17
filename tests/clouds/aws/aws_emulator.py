"""Moto's AWS server in this process, behind a gate that can refuse, throttle or cut a call."""

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock, Thread
from time import monotonic
from typing import Any
from urllib.parse import unquote

import boto3
import requests
from botocore.config import Config
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
ACTION = re.compile(r"(?:^|&)Action=([A-Za-z0-9]+)")
JSON = ("ce", "logs", "ecs", "eks", "lambda", "secretsmanager", "organizations", "tagging",
        "savingsplans", "pricing")  # fmt: skip
LONGEST_PAGE = b"MaxResults=1000"
HOME = "123456789012"  # the account that moto gives to unknown keys
SETTINGS = Config(retries={"total_max_attempts": 1})


@dataclass
class Call:
    """One request as it came in; `status` and `answered_at` are set before its answer goes out."""

    key: str  # of the credentials
    region: str
    service: str
    action: str  # empty for REST APIs
    method: str
    path: str
    body: str
    at: float = field(default_factory=monotonic)  # seconds
    status: int = 500  # what a server says that fails
    answered_at: float | None = None

    @property
    def account(self) -> str:
        """Whose credentials these are."""
        return get_account_id_from(self.key)


@dataclass
class Fault:
    """How to answer some calls instead; `times` of them, then no more."""

    matches: Callable[[Call], bool]
    status: int = 200
    code: str = ""
    message: str = "says the test"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    share: float | None = None  # of the true answer's body that is sent before the line is cut
    before: Callable[[Call], None] | None = None  # done first, while the call is under way
    times: int = 1_000_000


@dataclass(frozen=True)
class Given:
    """What to answer to calls that moto does not know."""

    matches: Callable[[Call], bool]
    body: str
    content_type: str = "text/xml"


class Emulator:
    """The server, its calls, its faults, and what it knows beyond moto."""

    def __init__(self) -> None:
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # 1,300 images whose snapshots are ours
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.given: list[Given] = unknown_to_moto()
        self.page: int | None = None  # the most that EC2 lists at once, if it is asked for more
        self._lock = Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, True, request_handler=MotoRequestHandler)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application: the first fault that matches, else what is given, else moto."""
        call = _call(environ, self.page)

        def begin(status: str, *rest: Any) -> Any:
            call.status = int(status.split()[0])
            return start(status, *rest)

        try:
            return self._answer(call, environ, begin)
        finally:
            call.answered_at = monotonic()

    def reset(self) -> None:
        """An empty AWS without faults."""
        self.faults, self.calls, self.given, self.page = [], [], unknown_to_moto(), None
        requests.post(f"{self.url}/moto-api/reset", timeout=30).raise_for_status()
        self.calls = []

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def client(self, service: str, region: str = "us-east-1", account: str = HOME) -> Any:
        """A plain boto3 client to arrange things with."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        if account != HOME:
            role = f"arn:aws:iam::{account}:role/arrange"
            answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="arrange")
            given = answer["Credentials"]
            keys = {"aws_access_key_id": given["AccessKeyId"],
                    "aws_secret_access_key": given["SecretAccessKey"],
                    "aws_session_token": given["SessionToken"]}  # fmt: skip
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, config=SETTINGS, **keys
        )

    def _answer(
        self, call: Call, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        with self._lock:
            self.calls.append(call)
            fault = next((f for f in self.faults if f.times > 0 and f.matches(call)), None)
            if fault is not None:
                fault.times -= 1
        if fault is not None and fault.before is not None:
            fault.before(call)
        if fault is not None and fault.share is not None:
            return self._cut(environ, start, fault.share)
        if fault is not None and fault.code:
            return _refuse(call, fault, start)
        for known in self.given:
            if known.matches(call):
                return _say(200, {"Content-Type": known.content_type}, known.body, start)
        return self._moto(environ, start)

    def _cut(
        self, environ: dict[str, Any], start: Callable[..., Any], share: float
    ) -> Iterator[bytes]:
        body = b"".join(self._moto(environ, start))
        yield body[: int(len(body) * share)]


@contextmanager
def emulator() -> Iterator[Emulator]:
    """A server on a free port of 127.0.0.1."""
    server = Emulator()
    try:
        yield server
    finally:
        server.stop()


def to(service: str, action: str = "", region: str | None = None) -> Callable[[Call], bool]:
    """Whether a call is to a service, an action of it and a region."""
    return lambda call: (
        call.service == service and action in ("", call.action) and region in (None, call.region)
    )


def unknown_to_moto() -> list[Given]:
    """Listings of the inventory that moto lacks, empty; tests put theirs before them."""
    reservations, actions = "DescribeCapacityReservations", "DescribeScheduledActions"
    return [
        Given(to("ec2", reservations),
              f"<{reservations}Response><capacityReservationSet/></{reservations}Response>"),
        Given(to("redshift", actions),
              f"<{actions}Response><{actions}Result><ScheduledActions/></{actions}Result>"
              f"</{actions}Response>"),
        Given(to("workspaces", "DescribeWorkspacesConnectionStatus"),
              '{"WorkspacesConnectionStatus": []}', "application/x-amz-json-1.1"),
    ]  # fmt: skip


def _call(environ: dict[str, Any], page: int | None) -> Call:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    if page is not None:
        body = body.replace(LONGEST_PAGE, b"MaxResults=%d" % page)
        environ["CONTENT_LENGTH"] = str(len(body)) if length else ""
    environ["wsgi.input"] = BytesIO(body)
    text = body.decode("utf-8", "replace")
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = scope.groups() if scope else ("", "", "")
    path = environ["PATH_INFO"]
    target = environ.get("HTTP_X_AMZ_TARGET", "").rsplit(".", 1)[-1]
    stated = ACTION.search(text)
    rpc = path.rsplit("/operation/", 1)[-1] if "/operation/" in path else ""
    action = target or (stated[1] if stated else rpc)
    return Call(key, region, service, action, environ["REQUEST_METHOD"], path, unquote(text))


def _refuse(call: Call, fault: Fault, start: Callable[..., Any]) -> list[bytes]:
    """The error in the form that the service's protocol has."""
    headers = {"Content-Type": "text/xml", **fault.headers}
    if call.service in JSON:
        headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": fault.code}
        text = json.dumps({"__type": fault.code, "message": fault.message})
    else:
        error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        wraps = {"ec2": "<Response><Errors>{}</Errors></Response>", "s3": "{}"}
        text = wraps.get(call.service, "<ErrorResponse>{}</ErrorResponse>").format(error)
    return _say(fault.status, headers, text, start)


def _say(status: int, headers: dict[str, str], text: str, start: Callable[..., Any]) -> list[bytes]:
    body = text.encode()
    reason = "OK" if status == 200 else "Error"
    start(f"{status} {reason}", [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
