"""Connections to hypervisors and to Prometheus: opened read-only, with their errors made ours."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from clouds.budget import budget
from clouds.errors import CloudError, Forbidden, MissingExtra, Unauthorized, Unreadable

OPEN_SECONDS = 30  # a host that has not answered by then counts as unreachable
HTTP_SECONDS = (5, 120)  # to connect, to answer; Prometheus itself stops a query after 120
_SECRET = re.compile(r"(?<=//)[^/@]*@")


class Gone(Exception):
    """What was listed a moment ago does not exist any more."""


@dataclass(frozen=True)
class Host:
    """One hypervisor, as configured; its name is what the rate card calls it."""

    name: str
    uri: str = field(repr=False)  # may name a user
    region: str


@dataclass
class Hypervisor:
    """A read-only connection to one host, opened at the first call and shared by all threads."""

    host: Host
    _lock: Lock = field(default_factory=Lock, repr=False)
    _opened: Any = field(default=None, repr=False)
    _refused: str = field(default="", repr=False)

    def call(self, permission: str, do: Callable[[Any], Any]) -> Any:
        """Make a call that needs the permission, in libvirt's own words.

        Raises `Forbidden`, `Unreadable`, or `Gone`; null where the hypervisor has no such thing.
        """
        connection = self._connection()
        return self.of(permission, lambda: do(connection))

    def of(self, permission: str, do: Callable[[], Any]) -> Any:
        """The same for a call on something that an earlier call returned."""
        libvirt = sdk()
        try:
            return do()
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                return None
            raise _ours(libvirt, error, self.host, permission) from error

    def close(self) -> None:
        """Close what was opened; that it broke meanwhile was said where it was used."""
        with self._lock:
            if self._opened is not None:
                with suppress(CloudError):
                    self.of("", self._opened.close)
            self._opened = None

    def _connection(self) -> Any:
        with self._lock:
            if self._refused:
                raise Unreadable(f"{self.host.name} can't be reached, as said before")
            if self._opened is None:
                try:
                    self._opened = _open(self.host)
                except Unreadable as error:
                    self._refused = str(error)
                    raise
            return self._opened


@dataclass
class Prometheus:
    """The query API of one Prometheus, or of anything that speaks it."""

    url: str
    account: str

    def __repr__(self) -> str:
        return f"Prometheus({shown(self.url)})"

    def get(self, path: str, permission: str, **parameters: str) -> Any:
        """The data of one answer. Raises `CloudError`.

        Credentials are those of the address or of ~/.netrc, as for any client of that library.
        """
        requests = _import("requests")
        address = f"{self.url.rstrip('/')}/api/v1/{path}"

        def ask() -> Any:
            if parameters:  # a query may be longer than an address
                answer = requests.post(address, data=parameters, timeout=HTTP_SECONDS)
            else:
                answer = requests.get(address, timeout=HTTP_SECONDS)
            if answer.status_code in (429, 503):
                raise _Busy(answer.headers.get("Retry-After", ""))
            return answer

        try:
            shared = budget(self.account, f"Prometheus at {shown(self.url)}")
            answer = shared.call(f"{shared.name} {path}", ask, _asked_to_wait)
        except requests.RequestException as error:
            raise Unreadable(
                f"Prometheus at {shown(self.url)} does not answer ({type(error).__name__}). "
                "Check the option 'prometheus' of the source, and that the server runs."
            ) from None  # the chain would show the address with its password
        return self._data(answer, permission)

    def _data(self, answer: Any, permission: str) -> Any:
        where = f"Prometheus at {shown(self.url)}"
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


class _Busy(Exception):
    """The server asks to come back later."""

    def __init__(self, retry_after: str) -> None:
        self.seconds = float(retry_after) if retry_after.isdigit() else 0.0
        super().__init__(f"busy, come back in {self.seconds:g} seconds")


def sdk() -> Any:
    """The module libvirt, told to keep its errors to itself. Raises `MissingExtra`."""
    libvirt = _import("libvirt")
    libvirt.registerErrorHandler(_keep_quiet, None)
    return libvirt


def shown(address: str) -> str:
    """An address without the user and password that may be in it.

    >>> shown("https://reader:secret@metrics.example:9090")
    'https://metrics.example:9090'
    """
    return _SECRET.sub("", address)


def unattended(uri: str) -> str:
    """The address such that ssh never waits for somebody to type a password.

    >>> unattended("qemu+ssh://kvm-1/system")
    'qemu+ssh://kvm-1/system?no_tty=1'
    """
    parts = urlsplit(uri)
    is_ssh = parts.scheme.endswith(("+ssh", "+libssh", "+libssh2"))
    if not is_ssh or "no_tty" in dict(parse_qsl(parts.query)):
        return uri
    return f"{uri}{'&' if parts.query else '?'}no_tty=1"


def _open(host: Host) -> Any:
    """A read-only connection. The library has no time limit of its own, so a thread is left."""
    libvirt = sdk()
    found: list[Any] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(libvirt.openReadOnly(unattended(host.uri)))
        except libvirt.libvirtError as error:
            failed.append(error)

    thread = Thread(target=run, name=f"open {host.name}", daemon=True)
    thread.start()
    thread.join(OPEN_SECONDS)
    if found:
        return found[0]
    if failed:
        raise _ours(libvirt, failed[0], host, "connect.getattr") from failed[0]
    raise Unreadable(
        f"{host.name} at {shown(host.uri)} did not answer within {OPEN_SECONDS} seconds. Check the "
        "'uri' of the host and the network to it."
    )


def _ours(libvirt: Any, error: Any, host: Host, permission: str) -> CloudError | Gone:
    code, told = error.get_error_code(), shown(str(error.get_error_message()))
    if code in _codes(libvirt, "NO_DOMAIN", "NO_NETWORK", "NO_STORAGE_POOL", "NO_STORAGE_VOL"):
        return Gone(told)
    if code in _codes(libvirt, "ACCESS_DENIED", "OPERATION_DENIED"):
        return Forbidden(permission, f"{host.name} said {told}")
    where = f"{host.name} at {shown(host.uri)}"
    if code in _codes(libvirt, "AUTH_FAILED", "AUTH_CANCELLED", "AUTH_UNAVAILABLE"):
        # Not Unauthorized: the other hosts of the account have credentials of their own.
        return Unreadable(
            f"{where} does not accept the credentials: {told}. Renew the key or ticket that the "
            "connection uses."
        )
    return Unreadable(f"{where} can't be read: {told}")


def _codes(libvirt: Any, *names: str) -> set[int]:
    return {getattr(libvirt, f"VIR_ERR_{name}") for name in names}


def _asked_to_wait(error: Exception) -> float | None:
    return error.seconds if isinstance(error, _Busy) else None


def _keep_quiet(context: object, error: object) -> None:
    """In place of libvirt's own handler, which prints to stderr what is raised anyway."""


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("onprem", error.name or module) from error
