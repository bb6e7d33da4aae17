"""Right sizes: how much of a machine its load needs, and which offer that is."""

from models.rightsizing.offers import Headroom, choose_sizes, overload_probability
from models.rightsizing.presets import PRESETS, Preset, allocation
from models.rightsizing.trade import BALANCED, SAFE, Trade, needed, right_size, safe_size

__all__ = [
    "BALANCED", "PRESETS", "SAFE", "Headroom", "Preset", "Trade", "allocation", "choose_sizes",
    "needed", "overload_probability", "right_size", "safe_size",
]  # fmt: skip
