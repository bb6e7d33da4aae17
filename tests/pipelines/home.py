"""A home with small sources, for runs and for single steps."""

import atexit
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import dagster as dg
from small import SmallCloud

from pipelines.run import RunReport, run
from pipelines.settings import Settings, SourceSettings
from pipelines.work import Work
from warehouse.lake import Lake


@dataclass
class Home:
    """One home with its sources, which can be run and asked."""

    settings: Settings
    clouds: dict[str, SmallCloud]

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings)

    def work(self) -> Work:
        work = Work(self.settings, given_sources=dict(self.clouds))
        work.lake = self.lake  # opened once for all steps of a test
        return work

    def step(self, asset: dg.AssetsDefinition) -> Any:
        """Do one step by itself; what it returns."""
        with dg.DagsterInstance.ephemeral() as instance:
            return asset(dg.build_asset_context(instance=instance), work=self.work())

    def run(self, select: str | None = None) -> RunReport:
        return run(self.settings, select=select, work=self.work())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of what readers see."""
        return self.ask_all([query])[0]

    def ask_all(self, queries: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """The same for many queries."""
        with Lake(self.settings).reader() as connection:
            return [connection.execute(query).fetchall() for query in queries]

    def ask_newest(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of what was written last, by the connection that is there already."""
        with self.lake.write("look") as write:
            return write.connection.execute(query).fetchall()

    def write(self, statement: str) -> None:
        """Change the lake behind the pipeline's back."""
        with self.lake.write("test") as write:
            write.connection.execute(statement)
        self.lake.close()

    def copy(self, to: Path) -> "Home":
        """The same home elsewhere, to be changed."""
        shutil.copytree(self.settings.home, to / "home")
        return Home(self.settings.model_copy(update={"home": to / "home"}), self.clouds)


@cache
def _empty_lake() -> Path:
    """Making the tables takes longer than most tests: made once, copied for each."""
    folder = Path(mkdtemp(prefix="empty-lake-"))
    atexit.register(shutil.rmtree, folder)
    lake = Lake(Settings(home=folder))
    with lake.write("create"):
        pass
    lake.close()
    return folder


def home_at(path: Path, *names: str) -> Home:
    """A new home with one small source per name."""
    shutil.copytree(_empty_lake(), path / "home")
    sources = tuple(SourceSettings(name=name, cloud="aws") for name in names)
    clouds = {name: SmallCloud(path, name, account=f"{name}-account") for name in names}
    return Home(Settings(home=path / "home", sources=sources), clouds)
