"""Connections to hypervisors: opened read-only, with their errors made ours."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from clouds.errors import CloudError, Forbidden, MissingExtra, Unreadable
from clouds.prometheus import shown

OPEN_SECONDS = 30  # a host that has not answered by then counts as unreachable


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


def sdk() -> Any:
    """The module libvirt, told to keep its errors to itself. Raises `MissingExtra`."""
    libvirt = _import("libvirt")
    libvirt.registerErrorHandler(_keep_quiet, None)
    return libvirt


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


def _keep_quiet(context: object, error: object) -> None:
    """In place of libvirt's own handler, which prints to stderr what is raised anyway."""


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("onprem", error.name or module) from error
