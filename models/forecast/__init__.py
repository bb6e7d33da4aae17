"""Every forecasting model we know, found by looking at the files of this folder."""

from importlib import import_module
from pkgutil import iter_modules

from models.forecast.history import Model

BASELINE = "seasonal_naive"  # what a model must beat to be used


def available() -> dict[str, Model]:
    """Models by name, from the MODELS of each file; the baseline comes first."""
    found: dict[str, Model] = {}
    for module in sorted(m.name for m in iter_modules(__path__)):
        found |= getattr(import_module(f"{__name__}.{module}"), "MODELS", {})
    return {BASELINE: found.pop(BASELINE), **dict(sorted(found.items()))}
