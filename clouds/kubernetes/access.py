"""One cluster through the official client: its own chain of credentials, read-only lists."""

import json
from collections.abc import Mapping
from importlib import import_module
from threading import Lock
from typing import Any, Protocol

from clouds.budget import Budget, budget
from clouds.errors import CloudError, Forbidden, MissingExtra, Unauthorized, Unreadable

PAGE = 500  # records; what kubectl asks for at once
SECONDS = (10, 60)  # to connect, to answer
IN_CLUSTER = "in-cluster"  # the name of the cluster we run in, if none is given


class Listed(Protocol):
    """A list of the API."""

    @property
    def operation(self) -> str:
        """The call of the SDK: `AppsV1Api.list_deployment_for_all_namespaces`."""
        ...

    @property
    def permission(self) -> str:
        """The right it needs: `list deployments.apps`."""
        ...


class Session:
    """A cluster as one context of a kubeconfig sees it, or as the pod that we run in does."""

    def __init__(
        self,
        kubeconfig: str | None = None,
        context: str | None = None,
        cluster: str | None = None,
        pace: Budget | None = None,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._cluster = cluster
        self._pace = pace
        self._lock = Lock()
        self._connected: Any = None

    def account(self) -> str:
        """The name of the cluster: as given, or as the kubeconfig calls it."""
        if self._cluster:
            return self._cluster
        config = _sdk("kubernetes.config")
        try:
            contexts, active = config.list_kube_config_contexts(self._kubeconfig)
        except config.ConfigException as error:
            if self._kubeconfig or self._context:
                raise _no_config(error) from None
            return IN_CLUSTER
        for each in contexts:
            if each["name"] == (self._context or (active or {}).get("name")):
                return str(each["context"]["cluster"])
        names = ", ".join(each["name"] for each in contexts) or "none"
        raise _no_config(f"no context {self._context or 'is the current one'}; known: {names}")

    def items(self, listing: Listed) -> list[Mapping[str, Any]]:
        """All objects of a list, page by page. Raises `CloudError`.

        A page token that has expired begins the list anew, once.
        """
        for is_last in (False, True):
            try:
                return self._items(listing)
            except _TokenExpired:
                if is_last:
                    break
        raise Unreadable(
            f"the pages of {listing.permission} expired twice while they were read; they are read "
            "again next time"
        )

    def version(self) -> str:
        """The version of the API server."""
        return str(self._ask("VersionApi.get_code", "get /version")["gitVersion"])

    def first(self, listing: Listed) -> None:
        """Try a list, with one object at most."""
        self._ask(listing.operation, listing.permission, limit=1)

    def _items(self, listing: Listed) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token = ""
        while True:
            more = {"_continue": token} if token else {}
            answer = self._ask(listing.operation, listing.permission, limit=PAGE, **more)
            found += answer.get("items") or []
            token = (answer.get("metadata") or {}).get("continue") or ""
            if not token:
                return found

    def _ask(self, operation: str, needs: str, **options: Any) -> Mapping[str, Any]:
        client, sdk = self._client(), _sdk("kubernetes.client")
        errors, http = _sdk("kubernetes.client.exceptions"), _sdk("urllib3.exceptions")
        api, name = operation.split(".")
        owner = getattr(sdk, api)(client)

        def ask() -> Any:
            answer = _raw(owner, name, options)
            if answer.status >= 300:
                raise _Refused(answer)
            return json.loads(answer.data)

        pace = self._pace or budget(self.account(), "Kubernetes")
        try:
            return pace.call(f"{needs} of {self.account()}", ask, _seconds_to_wait)
        except (errors.ApiException, _Refused) as error:
            raise _ours(error, needs, self.account()) from None  # its text holds the whole answer
        except (http.HTTPError, ValueError) as error:
            raise Unreadable(
                f"the cluster {self.account()} does not answer to {needs} "
                f"({type(error).__name__}). Check the address in the kubeconfig, and the network."
            ) from None

    def _client(self) -> Any:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> Any:
        client, config = _sdk("kubernetes.client"), _sdk("kubernetes.config")
        settings = client.Configuration()
        settings.retries = False  # the budget tries again
        try:
            if self._kubeconfig or self._context:
                config.load_kube_config(
                    self._kubeconfig, self._context, client_configuration=settings,
                    persist_config=False,
                )  # fmt: skip
            else:
                config.load_config(client_configuration=settings)
        except config.ConfigException as error:
            raise _no_config(error) from None
        return client.ApiClient(settings)


class _Refused(Exception):
    """An answer that is none, with what the SDK's own error has."""

    def __init__(self, answer: Any) -> None:
        self.status, self.reason = answer.status, answer.reason
        self.headers, self.body = answer.headers, answer.data
        super().__init__(self.status)


class _TokenExpired(CloudError):
    """The list has changed too much since its first page."""


def _raw(owner: Any, name: str, options: Mapping[str, Any]) -> Any:
    """The answer as it came: the SDK's own records refuse what their version does not know."""
    without = getattr(owner, f"{name}_without_preload_content", None)  # where the SDK has it
    if without is not None:
        return without(_request_timeout=SECONDS, **options)
    return getattr(owner, name)(_preload_content=False, _request_timeout=SECONDS, **options)


def _no_config(error: Exception | str) -> Unauthorized:
    return Unauthorized(
        f"No access to a Kubernetes cluster ({str(error)[:200]}). Name a kubeconfig and its "
        "context in the source options 'kubeconfig' and 'context', or run in the cluster."
    )


def _seconds_to_wait(error: Exception) -> float | None:
    if getattr(error, "status", None) not in (429, 503):
        return None
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    asked = str(headers.get("Retry-After") or "")
    return float(asked) if asked.isdigit() else 0.0


def _ours(error: Any, needs: str, account: str) -> CloudError:
    told = _told(error)
    if error.status == 401:
        return Unauthorized(
            f"the cluster {account} does not accept the credentials ({told}). Renew them, for "
            "example with the login command of its cloud."
        )
    if error.status == 403:
        return Forbidden(needs, told)
    if error.status == 410:
        return _TokenExpired(told)
    return Unreadable(f"the cluster {account} answered {needs} with status {error.status} ({told})")


def _told(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])[:200]
    except (ValueError, TypeError, KeyError):
        return str(error.reason)[:200]


def _sdk(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("kubernetes", error.name or "kubernetes") from error
