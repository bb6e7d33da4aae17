"""What can be rented at which price, ready to be searched."""

from dataclasses import dataclass, field, replace
from importlib.resources import files

from duckdb import DuckDBPyConnection

from models.selection.prices import Prices, read_prices

TABLES = ("offered", "place", "kind", "priced", "cover")


@dataclass(frozen=True)
class Market:
    """A connection with the tables that `market.sql` and `cover.sql` make.

    What has been asked of it once is kept as arrays, so these tables must not change. `snapshot`
    is that of the lake, None for the catalogue that travels with the package.
    """

    connection: DuckDBPyConnection
    snapshot: int | None = None
    _prices: dict[tuple[str, str], Prices] = field(default_factory=dict[tuple[str, str], Prices])

    def prices(self, os: str, currency: str) -> Prices:
        """All prices of that system in that currency."""
        found = self._prices.get((os, currency))
        if found is None:
            found = self._prices[os, currency] = read_prices(self.connection, os, currency)
        return found

    def on(self, connection: DuckDBPyConnection) -> "Market":
        """The same by another connection to it, for another thread."""
        return replace(self, connection=connection)


def prepare(connection: DuckDBPyConnection) -> None:
    """Make the market from the relations offer, price, region_fact, region_carbon, round_trip,
    interruption, unit_price and idle_commitment of the connection.
    """
    for name in ("market", "cover"):
        connection.execute((files("models.selection") / f"{name}.sql").read_text())
