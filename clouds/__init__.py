"""Every cloud we know: the folders here, and the entry points of other people's packages."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from pkgutil import iter_modules
from typing import Any

from clouds.cloud import Cloud
from clouds.errors import UnknownCloud, UnknownOption

ENTRY_POINTS = "instance_select.clouds"


def available() -> list[str]:
    """Names of all clouds, without importing any cloud SDK."""
    folders = {module.name for module in iter_modules(__path__) if module.ispkg}
    return sorted(folders | {point.name for point in entry_points(group=ENTRY_POINTS)})


def load(name: str, **settings: Any) -> Cloud:
    """Import one cloud's package and connect to it with the settings of one configured source.

    Raises `UnknownCloud`, `UnknownOption`, or `MissingExtra` with the install command.
    """
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            return _connect(name, point.load().connect, settings)
    if name not in available():
        raise UnknownCloud(name, available())
    return _connect(name, import_module(f"{__name__}.{name}").connect, settings)


def _connect(name: str, connect: Callable[..., Cloud], settings: Mapping[str, Any]) -> Cloud:
    accepted = signature(connect)
    try:
        accepted.bind(**settings)
    except TypeError as error:
        raise UnknownOption(name, str(error), list(accepted.parameters)) from error
    return connect(**settings)
