"""The query API of a Prometheus, or of anything that speaks it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from clouds.budget import Budget, budget
from clouds.errors import Forbidden, MissingExtra, Unauthorized, Unreadable

SECONDS = (5, 120)  # to connect, to answer; Prometheus itself stops a query after 120
_SECRET = re.compile(r"(?<=//)[^/@]*@")


@dataclass(frozen=True)
class Series:
    """One series of an answer: its labels, and samples by Unix second."""

    labels: Mapping[str, str]
    samples: Mapping[int, float]


@dataclass
class Prometheus:
    """One server. Credentials are those of the address or of ~/.netrc."""

    url: str = field(repr=False)
    cloud: str  # whose extra brings the HTTP client
    account: str
    pace: Budget | None = None

    def query_range(
        self, query: str, since: datetime, until: datetime, step_seconds: int
    ) -> list[Series]:
        """All series of a query from `since` to `until`, both inclusive. Raises `CloudError`."""
        start, end = (str(at.replace(tzinfo=UTC).timestamp()) for at in (since, until))
        asked = {"query": query, "start": start, "end": end, "step": str(step_seconds)}
        return parse_matrix(self.get("query_range", **asked))

    def version(self) -> str:
        """The server's version. Raises `CloudError`."""
        return str(self.get("status/buildinfo").get("version"))

    def get(self, path: str, permission: str = "to query Prometheus", **parameters: str) -> Any:
        """The data of one answer. Raises `CloudError`; `Forbidden` names the permission."""
        requests = self._requests()
        address = f"{self.url.rstrip('/')}/api/v1/{path}"
        method = "POST" if parameters else "GET"  # a query may be longer than an address

        def ask() -> Any:
            answer = requests.request(method, address, data=parameters, timeout=SECONDS)
            if answer.status_code in (429, 503):
                raise _Busy(answer.headers.get("Retry-After", ""))
            return answer

        where = f"Prometheus at {shown(self.url)}"
        pace = self.pace or budget(self.account, where)
        try:
            answer = pace.call(f"{where}, {path}", ask, _seconds_to_wait)
        except requests.RequestException as error:
            raise Unreadable(
                f"{where} does not answer ({type(error).__name__}). Check the "
                "option 'prometheus' of the source, and that the server runs."
            ) from None  # the chain would show the address with its password
        return self._data(answer, where, permission)

    def _data(self, answer: Any, where: str, permission: str) -> Any:
        if answer.status_code == 401:
            raise Unauthorized(
                f"{where} does not accept the credentials. Give a user in the address, or an entry "
                "in ~/.netrc."
            )
        if answer.status_code == 403:
            raise Forbidden(permission, f"{where} said 403")
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("status") != "success":
            told = str(body.get("error", "")) if isinstance(body, dict) else "no JSON"
            raise Unreadable(f"{where} answered {answer.status_code}: {told[:300]}")
        return body["data"]

    def _requests(self) -> Any:
        try:
            return import_module("requests")
        except ModuleNotFoundError as error:
            raise MissingExtra(self.cloud, error.name or "requests") from error


class _Busy(Exception):
    def __init__(self, retry_after: str) -> None:
        self.seconds = float(retry_after) if retry_after.isdigit() else 0.0
        super().__init__(f"busy, come back in {self.seconds:g} seconds")


def parse_matrix(data: Mapping[str, Any]) -> list[Series]:
    """The series of an answer; a sample that is no number was not measured."""
    return [
        Series(
            series["metric"],
            {int(at): float(text) for at, text in series["values"] if text not in _NO_NUMBER},
        )
        for series in data["result"]
    ]


def shown(address: str) -> str:
    """An address without the user and password that may be in it.

    >>> shown("https://reader:secret@metrics.example:9090")
    'https://metrics.example:9090'
    """
    return _SECRET.sub("", address)


_NO_NUMBER = ("NaN", "+Inf", "-Inf")


def _seconds_to_wait(error: Exception) -> float | None:
    return error.seconds if isinstance(error, _Busy) else None
