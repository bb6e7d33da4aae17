"""Right sizes: how much of a machine its load needs."""

from models.rightsizing.headroom import Headroom
from models.rightsizing.presets import PRESETS, Preset, allocation
from models.rightsizing.rules import NAMES
from models.rightsizing.trade import BALANCED, SAFE, Trade, needed, right_size, safe_size
from models.rightsizing.usable import laid_out, unusable

__all__ = [
    "BALANCED", "NAMES", "PRESETS", "SAFE", "Headroom", "Preset", "Trade", "allocation", "laid_out",
    "needed", "right_size", "safe_size", "unusable",
]  # fmt: skip
