"""How we reach Azure: credentials, clients, the pace of calls, and what its errors mean."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import import_module
from logging import ERROR, getLogger
from typing import Any
from urllib.parse import urljoin, urlsplit

from clouds import clock
from clouds.azure.pace import Pace, gap
from clouds.budget import Budget, budget
from clouds.errors import Forbidden, MissingExtra, StalePage, Unauthorized, Unreadable
from clouds.paging import read_anew

EXPIRED = (400, 404, 410)  # how a page token that is no longer known is refused
SKEWED = ("AADSTS700024", "AADSTS500133")  # a certificate's assertion is of another time
PUBLIC = "https://management.azure.com"
GRAPH_PER_SECOND, GRAPH_BURST = 3.0, 15.0  # 15 queries in 5 seconds for each user
COST_PER_SECOND, COST_BURST = 0.2, 4.0  # Cost Management allows few calls a minute
PRICES_PER_SECOND, PRICES_BURST = 4.0, 4.0
LOG_IN = (
    "Run 'az login', use a managed or workload identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID "
    "and a certificate or secret."
)


def pace_of(account: str, api: str) -> Budget:
    """The bucket of one API, the same for everybody who calls it in this process."""
    slow = {
        "resource graph": (GRAPH_PER_SECOND, GRAPH_BURST),
        "cost management": (COST_PER_SECOND, COST_BURST),
        "retail prices": (PRICES_PER_SECOND, PRICES_BURST),
    }
    return _slow_budget(account, api, *slow[api]) if api in slow else budget(account, api)


@cache
def _slow_budget(account: str, api: str, per_second: float, burst: float) -> Budget:
    return Budget(f"{api} of {account}", per_second, burst)


@dataclass
class Access:
    """The credentials of one source and the clients made with them; no call before it is needed.

    `credential`, `blob_credential`, `policies` and `budget_of` replace the SDK's own chain, its
    pipeline and our pace in tests.
    """

    tenant: str | None = None
    endpoint: str = PUBLIC  # of Azure Resource Manager: sovereign clouds have others
    credential: Any = field(default=None, repr=False)
    blob_credential: Any = field(default=None, repr=False)
    policies: Sequence[Any] = ()
    budget_of: Callable[[str, str], Budget] = pace_of
    _made: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def graph(self) -> Any:
        """Client of Azure Resource Graph."""
        return self._client("azure.mgmt.resourcegraph", "ResourceGraphClient", "resource graph")

    def monitor(self, subscription: str) -> Any:
        """Client of Azure Monitor for one subscription."""
        return self._client(
            "azure.mgmt.monitor", "MonitorManagementClient", "monitor", subscription
        )

    def container(self, account_url: str, name: str) -> Any:
        """Client of one container of a storage account."""
        key = ("blobs", account_url, name)
        if key not in self._made:
            blobs = sdk("azure.storage.blob")
            self._made[key] = blobs.ContainerClient(
                account_url,
                name,
                credential=self.blob_credential or self._credential(),
                retry_policy=self._pace(
                    account_url, "blobs", blobs.ExponentialRetry(retry_total=0)
                ),
            )
        return self._made[key]

    def get_all(self, path: str, api_version: str, permission: str) -> list[dict[str, Any]]:
        """All pages of a list that Resource Manager offers and no installed SDK covers.

        Begun again once if a later page is refused.
        """
        first = f"{path}?api-version={api_version}"

        def read() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            url: str | None = first
            while url:
                with later_page(is_later=url != first):
                    answer = self._send("GET", url, permission)
                found += answer.get("value") or []
                url = answer.get("nextLink")
            return found

        return read_anew(read)

    def post_all(
        self, path: str, api_version: str, body: Mapping[str, Any], permission: str
    ) -> Iterator[dict[str, Any]]:
        """All pages of the answer to one question. Raises `StalePage` if it has to start anew."""
        first = f"{path}?api-version={api_version}"
        url: str | None = first
        while url:
            with later_page(is_later=url != first):
                answer = self._send("POST", url, permission, body)
            yield answer
            url = (answer.get("properties") or {}).get("nextLink")

    def identity(self) -> str:
        """User or application and tenant of the credentials. Raises `CloudError`."""
        with understood("sign in"):
            claims = _claims(self._credential().get_token(self._scope).token)
        who = claims.get("upn") or claims.get("appid") or claims.get("oid") or "unknown"
        return f"{who}, tenant {claims.get('tid', 'unknown')}"

    @property
    def _root(self) -> str:
        return self.endpoint.rstrip("/")

    @property
    def _scope(self) -> str:
        return f"{self._root}/.default"

    def _send(
        self, method: str, url: str, permission: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The answer to one call; a link to another host is not followed with our token."""
        whole = urljoin(f"{self._root}/", url)
        if urlsplit(whole).netloc != urlsplit(self._root).netloc:
            raise Unreadable("Azure's next page lies on another host; it was not followed.")
        request = sdk("azure.core.rest").HttpRequest(method, whole, json=body)
        api = "cost management" if method == "POST" else "resource manager"
        with understood(permission):
            answer = self._manager(api).send_request(request)
            answer.raise_for_status()
            return json.loads(answer.text(), parse_float=Decimal)

    def _manager(self, api: str) -> Any:
        if (api,) not in self._made:
            policies = sdk("azure.core.pipeline.policies")
            self._made[(api,)] = sdk("azure.mgmt.core").ARMPipelineClient(
                self._root,
                policies=[
                    *self.policies,
                    policies.UserAgentPolicy("instance-select"),
                    self._pace(self.tenant or "default", api),
                    policies.BearerTokenCredentialPolicy(self._credential(), self._scope),
                ],
            )
        return self._made[(api,)]

    def _client(self, module: str, name: str, api: str, *args: str) -> Any:
        key = (name, *args)
        if key not in self._made:
            self._made[key] = getattr(sdk(module), name)(
                self._credential(),
                *args,
                base_url=self._root,
                credential_scopes=[self._scope],
                retry_policy=self._pace(args[0] if args else self.tenant or "default", api),
                per_call_policies=list(self.policies),
                user_agent="instance-select",
            )
        return self._made[key]

    def _pace(self, account: str, api: str, inner: Any = None) -> Pace:
        core = sdk("azure.core.pipeline.policies")
        errors = sdk("azure.core.exceptions")
        asked = core.RetryPolicy().get_retry_after
        glitches = (errors.ServiceRequestError, errors.ServiceResponseError)
        budget = self.budget_of(account, api)
        return Pace(budget, lambda answer: gap(answer, asked), glitches, inner)

    def _credential(self) -> Any:
        if self.credential is None:
            getLogger("azure.identity").setLevel(ERROR)  # a refusal is told once, by us
            chain = sdk("azure.identity").DefaultAzureCredential(
                additionally_allowed_tenants=[self.tenant] if self.tenant else []
            )
            self.credential = _InTenant(chain, self.tenant) if self.tenant else chain
        return self.credential


def sdk(module: str) -> Any:
    """A module of Azure's SDK. Raises `MissingExtra` with the install command."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("azure", error.name or module) from error


@contextmanager
def later_page(is_later: bool = True) -> Generator[None]:
    """A later page that Azure refuses was asked for with a token that it no longer knows."""
    try:
        yield
    except (Unauthorized, Forbidden):
        raise
    except Unreadable as error:
        if is_later and getattr(error.__cause__, "status_code", None) in EXPIRED:
            raise StalePage(f"A page token is no longer known ({error}) Try again.") from error
        raise


@contextmanager
def understood(permission: str) -> Generator[None]:
    """Turn what the SDK raises into our errors; `permission` is what the call needs."""
    errors = sdk("azure.core.exceptions")
    try:
        yield
    except errors.HttpResponseError as error:
        if isinstance(error, errors.ClientAuthenticationError) or error.status_code == 401:
            cure = _wrong_clock(error) or LOG_IN
            raise Unauthorized(f"Azure refuses the credentials: {_told(error)} {cure}") from error
        if error.status_code == 403:
            raise Forbidden(permission, _code(error)) from error
        raise Unreadable(
            f"Azure answered {error.status_code or 'something unreadable'}: {_told(error)}"
        ) from error
    except errors.AzureError as error:
        raise Unreadable(f"Azure can't be reached: {_told(error)}") from error


@dataclass
class _InTenant:
    """The credential chain, asked for tokens of one tenant."""

    chain: Any = field(repr=False)
    tenant: str

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token of the tenant."""
        return self.chain.get_token(*scopes, **{"tenant_id": self.tenant, **options})

    def get_token_info(self, *scopes: str, options: Mapping[str, Any] | None = None) -> Any:
        """A token of the tenant, as newer clients ask for it."""
        wanted = {"tenant_id": self.tenant, **(options or {})}
        return self.chain.get_token_info(*scopes, options=wanted)


def _wrong_clock(error: Any) -> str | None:
    """What to say if our clock is not Azure's: by the `Date` of its answer, or by its words."""
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
    found = clock.told("Azure", headers.get("Date"))
    if found is None and any(word in str(error) for word in SKEWED):
        return f"The clock of this machine is wrong. {clock.CURE}"
    return found


def _claims(token: str) -> Mapping[str, str]:
    """What a token says about its owner; Azure has checked the signature by issuing it."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    return json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))


def _told(error: Any) -> str:
    """What Azure says about an error, in one line."""
    told = getattr(error, "error", None)
    text = f"{told.code}: {told.message}" if told and told.code else str(error)
    line = (text.splitlines() or ["no message"])[0]
    return line if line.endswith(".") else f"{line}."


def _code(error: Any) -> str:
    told = getattr(getattr(error, "error", None), "code", None)
    return str(told or getattr(error, "error_code", None) or error.reason or "403")
