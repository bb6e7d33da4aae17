"""One token of DigitalOcean: every call goes through here, at the pace the API allows."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yaml

from clouds.budget import Budget
from clouds.digitalocean.permissions import OPERATIONS
from clouds.errors import CloudError, Forbidden, MissingExtra, Unauthorized, Unreadable

DOCTL = Path("~/.config/doctl/config.yaml")  # where DigitalOcean's own tool keeps its token
PER_SECOND, BURST = 1.3, 150.0  # calls; the API allows 250 a minute and 5,000 an hour
PER_PAGE = 200  # records; the most that the API gives
TIMEOUT = 60  # seconds
CUTS = 2  # of one answer, before it is given up
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Made = TypeVar("Made")


class NotThere(Unreadable):
    """DigitalOcean does not know what was asked for."""


@dataclass
class Shared:
    """What all sessions of one token share: its pace, and whose it is once that is known."""

    budget: Budget
    account: Mapping[str, Any] | None = None


class Session:
    """What one token may see. Nothing is read or called before it is asked for."""

    def __init__(
        self,
        token_file: str | None = None,
        endpoint: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._token_file = token_file
        self._endpoint = endpoint
        self._budget = budget
        self._lock = Lock()
        self._connected: tuple[Any, Shared] | None = None

    def call(self, operation: str, *arguments: str, **options: Any) -> Mapping[str, Any]:
        """The answer to one call, such as `droplets.list`. Raises `CloudError`."""
        (client, shared), errors = self._open(), _errors()
        group, name = operation.split(".")
        ask = getattr(getattr(client, group), name)
        try:
            return _unbroken(
                lambda: shared.budget.call(
                    f"DigitalOcean {operation}",
                    lambda: ask(*arguments, cls=_refusing_errors, **options),
                    _seconds_to_wait,
                )
            )
        except errors.AzureError as error:  # pydo is built on azure-core
            raise _ours(error, operation) from None  # its text holds the whole answer

    def pages(
        self, operation: str, records: str, *arguments: str, in_query: bool = False
    ) -> list[Mapping[str, Any]]:
        """All records of all pages. Raises `Unreadable` if fewer came than the API counts."""
        found: list[Mapping[str, Any]] = []
        page = 1
        while True:
            wanted: dict[str, Any] = {"per_page": PER_PAGE, "page": page}
            options = {"params": wanted} if in_query else wanted
            answer = self.call(operation, *arguments, **options)
            given = answer.get(records) or []
            found += given
            total = (answer.get("meta") or {}).get("total")
            has_next = ((answer.get("links") or {}).get("pages") or {}).get("next")
            if not has_next or not given or (total is not None and len(found) >= total):
                break
            page += 1
        if total is not None and len(found) < total:
            raise Unreadable(
                f"DigitalOcean {operation} gave {len(found)} of {total} {records}; expected all of "
                "them. Nothing of them was kept; it is read again with the next run."
            )
        return found

    def account(self) -> str:
        """The team, as DigitalOcean writes it in its bills: `do:team:<uuid>`."""
        known = self._open()[1].account or self._account()
        team = (known.get("team") or {}).get("uuid")
        return f"do:team:{team}" if team else f"do:user:{known['uuid']}"

    def identity(self) -> str:
        """E-mail address, status and team of the account, as the API says now."""
        known = self._account()
        team = (known.get("team") or {}).get("name")
        return ", ".join(filter(None, [known["email"], known["status"], team]))

    def _account(self) -> Mapping[str, Any]:
        known: Mapping[str, Any] = self.call("account.get")["account"]
        self._open()[1].account = known
        return known

    def _open(self) -> tuple[Any, Shared]:
        with self._lock:
            if self._connected is None:
                token = _token(self._token_file)
                digest = sha256(token.encode()).hexdigest()
                shared = Shared(self._budget) if self._budget else _shared(digest, self._endpoint)
                self._connected = _connect(token, self._endpoint), shared
            return self._connected


@cache
def _shared(digest: str, endpoint: str | None) -> Shared:
    return Shared(Budget(f"DigitalOcean at {endpoint or 'its API'}", PER_SECOND, BURST))


def _connect(token: str, endpoint: str | None) -> Any:
    options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if endpoint and urlsplit(endpoint).hostname in LOOPBACK:  # a token is sent in plain text there
        options["per_call_policies"] = [_plain_text()]
    return _sdk("pydo").Client(token, timeout=TIMEOUT, retry_total=0, **options)


def _plain_text() -> Any:
    policies = _sdk("azure.core.pipeline.policies")

    def allow(request: Any) -> None:
        request.context.options["enforce_https"] = False

    return policies.CustomHookPolicy(raw_request_hook=allow)


def _token(token_file: str | None) -> str:
    file = Path(token_file or DOCTL).expanduser()
    if not file.is_file():
        raise Unauthorized(
            f"No DigitalOcean token: {file} does not exist. Run 'doctl auth init', or write a "
            "token into a file and name it in the source option 'token_file'."
        )
    text = file.read_text()
    token = text.strip() if token_file else (yaml.safe_load(text) or {}).get("access-token", "")
    if not token:
        raise Unauthorized(f"No DigitalOcean token in {file}. Run 'doctl auth init'.")
    return str(token)


def _unbroken(ask: Callable[[], Made]) -> Made:
    """An answer, asked for again if the line is cut: whatever we call only reads."""
    errors = _errors()
    for _ in range(CUTS):
        with suppress(
            errors.ServiceRequestError, errors.ServiceResponseError, errors.IncompleteReadError
        ):
            return ask()
    return ask()


def _refusing_errors(answer: Any, body: Made, headers: Any) -> Made:
    """pydo hands some errors over as if they were answers."""
    if answer.http_response.status_code >= 400:
        raise _errors().HttpResponseError(response=answer.http_response)
    return body


def _seconds_to_wait(error: Exception) -> float | None:
    if getattr(error, "status_code", None) not in (429, 503):
        return None
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", {})
    asked = _number(headers.get("retry-after"))
    if asked is None and getattr(error, "status_code", None) == 429:
        asked = _until_reset(headers)
    return max(asked or 0.0, 0.0)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the hour's calls are given back, by the clock of the API and not by ours."""
    reset, sent = _number(headers.get("ratelimit-reset")), headers.get("date")
    return reset - parsedate_to_datetime(sent).timestamp() if reset and sent else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _ours(error: Exception, operation: str) -> CloudError:
    """The error of the SDK as one of ours."""
    status = getattr(error, "status_code", None)
    told = _told(error)
    if status == 401:
        return Unauthorized(
            f"DigitalOcean does not accept the token ({told}). Make a new one and run 'doctl auth "
            "init', or put it into the file that the source option 'token_file' names."
        )
    if status == 403:
        return Forbidden(OPERATIONS[operation], told)
    if status == 404:
        return NotThere(f"DigitalOcean {operation}: {told}")
    if status:
        return Unreadable(f"DigitalOcean {operation} failed with status {status} ({told}).")
    return Unreadable(f"DigitalOcean can't be reached for {operation}: {told}. Try again later.")


def _told(error: Exception) -> str:
    """What the API says, without the rest of its answer."""
    try:
        body = getattr(error, "response").json()  # noqa: B009 - not every error has one
        message = body.get("message") if isinstance(body, Mapping) else None
    except (AttributeError, ValueError, TypeError):
        message = None
    return str(message or type(error).__name__)[:200]


def _errors() -> Any:
    return _sdk("azure.core.exceptions")


def _sdk(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("digitalocean", error.name or "pydo") from error
