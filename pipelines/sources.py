"""Connect the configured sources: each a cloud with its accounts, or the simulated estate."""

from clouds import load
from clouds.cloud import Cloud
from clouds.errors import BrokenCloud, CloudError, UnknownCloud, UnknownOption, WronglyConfigured
from pipelines.settings import Settings, SourceSettings


def connect(settings: Settings) -> dict[str, Cloud]:
    """Every configured source by name. Raises the `CloudError` of the first that can't be had."""
    clouds, failed = connect_what_answers(settings)
    for error in failed.values():
        raise error
    return clouds


def connect_what_answers(settings: Settings) -> tuple[dict[str, Cloud], dict[str, CloudError]]:
    """The sources that can be connected, and why each of the others can't."""
    clouds: dict[str, Cloud] = {}
    failed: dict[str, CloudError] = {}
    for source in settings.sources:
        try:
            clouds[source.name] = connect_to(source)
        except CloudError as error:
            failed[source.name] = error
    return clouds, failed


def connect_to(source: SourceSettings) -> Cloud:
    """One source. Raises `CloudError`; if it is for the settings, with the line to correct."""
    try:
        return load(source.cloud, **source.options)
    except (BrokenCloud, UnknownCloud, UnknownOption) as error:
        raise (WronglyConfigured(source.where, error) if source.where else error) from error
