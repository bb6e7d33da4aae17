"""Clients of Google Cloud: every call takes from one budget, and every error becomes one of ours.

The SDK is imported here, when it is needed. It makes no retries of its own: they would pass by the
budget that all threads share.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any, TypeVar

from clouds import clock
from clouds.budget import budget
from clouds.errors import (
    Forbidden,
    MissingExtra,
    StalePage,
    Throttled,
    Unauthorized,
    Unreadable,
)

Answer = TypeVar("Answer")

SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
TIMEOUT = 60.0  # seconds of one call
CUTS = 2  # of one answer, before it is given up
RATE_LIMITS = frozenset({"rateLimitExceeded", "RATE_LIMIT_EXCEEDED", "userRateLimitExceeded"})
CLIENTS: Mapping[str, tuple[str, str]] = {  # api -> module and class
    "cloudasset": ("google.cloud.asset_v1", "AssetServiceClient"),
    "cloudbilling": ("google.cloud.billing_v1", "CloudBillingClient"),
    "catalogue": ("google.cloud.billing_v1", "CloudCatalogClient"),
}
SKEWED = "reasonable timeframe"  # Google's word for a token that was signed at another time
LOG_IN = (
    "Run 'gcloud auth application-default login', attach a service account to this machine, or "
    "point GOOGLE_APPLICATION_CREDENTIALS at a key file or a workload identity configuration."
)


@dataclass(frozen=True)
class Access:
    """Clients with the default credentials; tests give other credentials and addresses."""

    given: Any = field(default=None, repr=False)  # credentials instead of the default ones
    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])  # api -> http://host:port
    _made: dict[str, Any] = field(default_factory=dict[str, Any], init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def identity(self) -> str:
        """Whose credentials they are, after one refresh. Raises `MissingExtra` or `Unreadable`."""
        credentials = self.credentials()
        if self.given is None:
            request = sdk("google.auth.transport.requests").Request()
            with translated("to obtain an access token"):
                credentials.refresh(request)
        return str(getattr(credentials, "service_account_email", None) or "user credentials")

    def credentials(self) -> Any:
        """What the SDK's own chain finds: environment, workload identity, gcloud, metadata."""
        if self.given is not None:
            return self.given
        with self._lock:
            if "credentials" not in self._made:
                with translated("default credentials"):
                    found, _ = sdk("google.auth").default(scopes=[SCOPE])
                self._made["credentials"] = found
            return self._made["credentials"]

    def client(self, api: str) -> Any:
        """The one client of an API."""
        credentials = self.credentials()
        with self._lock:
            if api not in self._made:
                self._made[api] = self._make(api, credentials)
            return self._made[api]

    def bigquery(self, account: str) -> Any:
        """A BigQuery client whose queries are jobs of the project `account`."""
        requests = sdk("google.auth.transport.requests")
        client = sdk("google.cloud.bigquery").Client(
            project=account,
            credentials=self.credentials(),
            client_options=self._options("bigquery"),
            _http=Metered(requests.AuthorizedSession(self.credentials()), account, "bigquery"),
        )
        return client

    def call(self, account: str, api: str, permission: str, do: Callable[[], Answer]) -> Answer:
        """Make one call as soon as the budget allows; `permission` is what it needs."""
        with translated(permission):
            return budget(account, api).call(f"{api} of {account}", do, asked_to_wait)

    def pages(
        self,
        account: str,
        api: str,
        permission: str,
        method: Callable[..., Any],
        request: Mapping[str, Any],
    ) -> Iterator[Any]:
        """The raw messages of all pages of a listing, one budgeted call each.

        Raises `CloudError`, `StalePage` where a later page is refused: its token has expired.
        """
        token = ""
        while True:
            asked = {**request, "page_token": token}

            def once(asked: Mapping[str, Any] = asked) -> Any:
                pager = method(request=asked, retry=None, timeout=TIMEOUT)
                return next(iter(pager.pages))._pb

            try:
                page = self.call(account, api, permission, once)
            except Unreadable as error:
                if token and (expired := stale(error)):
                    raise expired from error
                raise
            yield page
            token = page.next_page_token
            if not token:
                return

    def _make(self, api: str, credentials: Any) -> Any:
        if api == "monitoring":
            return self._monitoring(credentials)
        module, name = CLIENTS[api]
        return getattr(sdk(module), name)(
            credentials=credentials, client_options=self._options(api), transport="rest"
        )

    def _monitoring(self, credentials: Any) -> Any:
        """The library offers Monitoring over gRPC only."""
        monitoring = sdk("google.cloud.monitoring_v3")
        address = self.endpoints.get("monitoring")
        if address is None:
            return monitoring.MetricServiceClient(credentials=credentials)
        channel = sdk("grpc").insecure_channel(address)
        transport = monitoring.MetricServiceClient.get_transport_class("grpc")(channel=channel)
        return monitoring.MetricServiceClient(transport=transport)

    def _options(self, api: str) -> Any:
        address = self.endpoints.get(api)
        options = sdk("google.api_core.client_options").ClientOptions
        return options(api_endpoint=address) if address else None


_instead: ContextVar[Access | None] = ContextVar("_instead", default=None)


def access() -> Access:
    """What `connect` uses: the default credentials, unless a test is inside `instead`."""
    return _instead.get() or Access()


@contextmanager
def instead(given: Access) -> Generator[None]:
    """Let `connect` use this access: how tests bring it to their servers; no source option."""
    token = _instead.set(given)
    try:
        yield
    finally:
        _instead.reset(token)


@dataclass(frozen=True)
class Metered:
    """An HTTP session whose every request takes from the budget of its account and API."""

    session: Any = field(repr=False)
    account: str
    api: str

    def request(self, *arguments: Any, **options: Any) -> Any:
        """One request, again where the cloud asks to come back; errors are left to the library."""
        errors = sdk("google.api_core.exceptions")

        def once() -> Any:
            response = self._sent(*arguments, **options)
            if response.status_code in (403, 429, 503):
                error = errors.from_http_response(response)
                if asked_to_wait(error) is not None:
                    raise error
            return response

        return budget(self.account, self.api).call(
            f"{self.api} of {self.account}", once, asked_to_wait
        )

    def _sent(self, method: str, *arguments: Any, **options: Any) -> Any:
        """One request; what only reads is sent again if the line is cut in the middle."""
        network = sdk("requests").exceptions
        for _ in range(CUTS if method == "GET" else 0):
            with suppress(network.ConnectionError, network.ChunkedEncodingError, network.Timeout):
                return self.session.request(method, *arguments, **options)
            budget(self.account, self.api).take()
        return self.session.request(method, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)


def asked_to_wait(error: Exception) -> float | None:
    """Seconds that a throttled call shall wait, zero if unsaid, null if it is another error."""
    errors = sdk("google.api_core.exceptions")
    if isinstance(error, errors.Forbidden):
        return 0.0 if _reasons(error) & RATE_LIMITS else None
    if not isinstance(error, errors.TooManyRequests | errors.ServiceUnavailable):
        return None
    if "failed to connect" in str(error).lower():
        return None  # nobody is there; gRPC gives that the code of a busy server
    header = getattr(getattr(error, "response", None), "headers", None) or {}
    if str(header.get("Retry-After", "")).isdigit():
        return float(header["Retry-After"])
    return max([0.0, *(_delay(detail) for detail in _details(error))])


@contextmanager
def translated(permission: str) -> Generator[None]:
    """Errors of the SDK as ours; `permission` is what was needed."""
    errors, auth = sdk("google.api_core.exceptions"), sdk("google.auth.exceptions")
    network = sdk("requests").exceptions
    try:
        yield
    except (auth.TransportError, network.RequestException) as error:
        raise Unreadable(
            f"Google Cloud can't be reached: {type(error).__name__}. Check the network and proxy."
        ) from error
    except auth.GoogleAuthError as error:
        cure = _wrong_clock(error) or LOG_IN
        raise Unauthorized(f"Google Cloud credentials are refused: {error}. {cure}") from error
    except errors.Unauthorized as error:
        cure = _wrong_clock(error) or LOG_IN
        raise Unauthorized(
            f"Google Cloud credentials are refused: {error.message}. {cure}"
        ) from error
    except errors.Forbidden as error:
        if "SERVICE_DISABLED" in _reasons(error):
            raise Unreadable(
                f"{error.message} Enable the API with 'gcloud services enable'."
            ) from (error)
        raise Forbidden(permission, str(error.message)) from error
    except errors.TooManyRequests as error:
        raise Throttled(permission, asked_to_wait(error) or 0.0) from error
    except errors.GoogleAPICallError as error:
        raise Unreadable(f"Google Cloud answers {error.code or 'an error'}: {error.message}") from (
            error
        )


def stale(error: Unreadable) -> StalePage | None:
    """The error of a later page as what it is if its token has expired: wrong or unknown."""
    errors = sdk("google.api_core.exceptions")
    if isinstance(error.__cause__, errors.BadRequest | errors.NotFound):
        return StalePage(f"A page token is no longer known ({error}). Try again.")
    return None


def sdk(module: str) -> Any:
    """A module of the SDK. Raises `MissingExtra` if it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("gcp", error.name or module) from error


def _wrong_clock(error: Any) -> str | None:
    """What to say if our clock is not Google's: by the `Date` of its answer, or by its words."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    if SKEWED in str(error):
        return f"The clock of this machine is wrong. {clock.CURE}"
    return clock.told("Google Cloud", headers.get("Date"))


def _reasons(error: Any) -> set[str]:
    told = [each.get("reason") for each in error.errors if isinstance(each, Mapping)]
    return {str(reason) for reason in [*told, getattr(error, "reason", None)] if reason}


def _details(error: Any) -> list[Any]:
    return list(getattr(error, "details", None) or [])


def _delay(detail: Any) -> float:
    """Seconds of a RetryInfo, as gRPC or as JSON."""
    if isinstance(detail, Mapping):
        text = str(detail.get("retryDelay", "0s")).removesuffix("s")
        return float(text) if text.replace(".", "", 1).isdigit() else 0.0
    delay = getattr(detail, "retry_delay", None)
    return delay.seconds + delay.nanos / 1e9 if delay is not None else 0.0
