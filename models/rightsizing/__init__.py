"""Right sizes: how much of a machine its load needs."""

from models.rightsizing.headroom import Headroom
from models.rightsizing.presets import PRESETS, Preset, allocation
from models.rightsizing.trade import BALANCED, SAFE, Trade, needed, right_size, safe_size
from models.rightsizing.usable import unusable

__all__ = [
    "BALANCED", "PRESETS", "SAFE", "Headroom", "Preset", "Trade", "allocation", "needed",
    "right_size", "safe_size", "unusable",
]  # fmt: skip
