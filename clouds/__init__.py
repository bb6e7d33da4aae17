"""Every cloud we know: the folders here, and the entry points of other people's packages."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

from clouds.errors import BrokenCloud, MissingExtra, NotOffered, UnknownCloud, UnknownOption

if TYPE_CHECKING:  # polars is slow to import, and a list of names or a path needs none of it
    from clouds.cloud import Cloud

ENTRY_POINTS = "instance_select.clouds"


def available() -> list[str]:
    """Names of all clouds, without importing any of them."""
    return sorted({*_folders(), *_plugins()})


def load(name: str, **settings: Any) -> "Cloud":
    """Import one cloud's package and connect to it with the settings of one configured source.

    Raises `UnknownCloud`, `BrokenCloud`, `UnknownOption`, or `MissingExtra` with the install
    command.
    """
    from clouds.options import misfit, options_of

    connect = connector(name)
    if problem := misfit(connect, settings):
        raise UnknownOption(name, problem, [option.name for option in options_of(connect)])
    return connect(**settings)


def connector(name: str) -> "Callable[..., Cloud]":
    """The function that connects to a cloud. Raises `UnknownCloud` or `BrokenCloud`."""
    module = package(name)
    try:
        return module.connect
    except AttributeError as error:
        raise BrokenCloud(name, f"{module.__name__} has no function 'connect'") from error


def package(name: str) -> ModuleType:
    """The package of one cloud: a plug-in goes before a folder of the same name.

    Raises `UnknownCloud` or `BrokenCloud`.
    """
    plugin = _plugins().get(name)
    if plugin is None and name not in _folders():
        raise UnknownCloud(name, available())
    where = plugin.value if plugin else f"{__name__}.{name}"
    try:
        module = plugin.load() if plugin else import_module(where)
    except MissingExtra:
        raise
    except Exception as error:  # whatever other people's code does at import
        raise BrokenCloud(name, f"{where} can't be imported: {error!r}") from error
    if not isinstance(module, ModuleType):
        raise BrokenCloud(name, f"its entry point names {where}, which is not a package")
    return module


def permissions(name: str) -> ModuleType:
    """The module that says what a cloud's readers need: `READS` and `policy(write)`.

    Raises `UnknownCloud`, `BrokenCloud`, or `NotOffered` if the cloud has none.
    """
    wanted = f"{package(name).__name__}.permissions"
    try:
        return import_module(wanted)
    except ModuleNotFoundError as error:
        if error.name != wanted:
            raise BrokenCloud(name, f"{wanted} can't be imported: {error!r}") from error
        raise NotOffered(
            f"The cloud {name} does not say which permissions it needs: there is no {wanted}."
        ) from error


def _folders() -> set[str]:
    return {module.name for module in iter_modules(__path__) if module.ispkg}


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
