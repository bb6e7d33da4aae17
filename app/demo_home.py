"""A home with the simulated estate: build it, move its clock, take it down."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from app.answer import Answer
from app.errors import BadInput, Refused
from app.session import Session
from app.steps import Steps, run_steps
from warehouse.whole_file import whole_file, write_text

SOURCE = "demo"
CONFIG = """\
# The simulated estate. `{home}` stands for the folder of this file.
sources:
  - name: demo
    cloud: demo
    options:
      folder: "{home}/demo"
"""
_OURS = ("demo", "lake", "dagster", "tmp", "instance-select.yaml")


@dataclass
class Built:
    """What was done, and how long each part took."""

    about: dict[str, Any]
    steps: Steps | None = None
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def timed(self, part: str) -> Generator[None]:
        """Measure one part."""
        start = perf_counter()
        yield
        self.seconds[part] = round(perf_counter() - start, 1)


def build(
    session: Session, *, seed: int, resources: int, months: int, as_of: datetime | None, reset: bool
) -> Built:
    """Make the estate, then read it through the ordinary pipeline.

    Refuses a home that holds anything but a demo, and a finished demo unless `reset` is set; a
    demo that was interrupted is made again.
    """
    from clouds.demo import estate
    from pipelines.settings import CONFIG_FILE

    home = session.settings.home
    _make_room(session, reset)
    today = as_of or datetime.now(UTC).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    about = {"seed": seed, "resources": resources, "months": months, "as_of": today}
    built = Built(about)
    home.mkdir(parents=True, exist_ok=True)
    write_text(home / CONFIG_FILE, CONFIG)
    with built.timed("estate"), session.working(f"simulating {resources} resources"):
        estate.create(home / "demo", seed=seed, resources=resources, months=months, as_of=today)
    return _run(built, session)


def advance(session: Session, days: int) -> Built:
    """Let days pass in the simulation, then read what changed."""
    from clouds.demo import estate

    _demo_only(session.settings.home)
    built = Built({"advanced_days": days})
    with built.timed("estate"), session.working(f"simulating {days} days"):
        estate.advance(session.settings.home / "demo", days, session.say)
    return _run(built, session)


def write_answers(session: Session, file: Path) -> None:
    """Write what was planted."""
    from clouds.demo import answers

    with whole_file(file) as partial:
        answers.write(session.settings.home / "demo", partial)


def summary(session: Session, built: Built) -> Answer:
    """What came of it."""
    from app.overview import overview, overview_table

    assert built.steps is not None
    figures = overview(session) if _is_published(session) else []
    document = {
        "home": str(session.settings.home.resolve()),
        **built.about,
        "seconds": built.seconds,
        "overview": figures,
        **built.steps.document,
    }
    took = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in built.seconds.items())
    lines = [
        f"Demo estate in {session.settings.home} ({took}).",
        overview_table(figures),
        "Look at it with: instance-select serve",
    ]
    if built.steps.failed:
        lines[-1:] = ["These steps failed:", built.steps.table(only_bad=True)]
    return Answer(document, lambda: lines, built.steps.failed)


def _run(built: Built, session: Session) -> Built:
    fresh = Session(session.home, session.json)  # the settings file is new
    _trust_names(fresh)
    with built.timed("pipeline"):
        built.steps = run_steps(fresh)
    return built


def _trust_names(session: Session) -> None:
    """There is no sign-on in a demo: whoever says their name may approve."""
    from actions.users import trust_unknown_users

    trust_unknown_users(session.new_ledger, True, actor=session.login, now=session.clock)


def is_wanted(session: Session) -> bool:
    """Whether the home is empty, or holds a demo that was interrupted before it was published."""
    home = session.settings.home
    if not home.exists() or not any(home.iterdir()):
        return True
    return is_demo(home) and not _is_published(session)


def is_demo(home: Path) -> bool:
    """Whether the home's settings name the simulated estate as the only source."""
    from pipelines.settings import CONFIG_FILE

    file = home / CONFIG_FILE
    if not file.is_file():
        return False
    try:
        sources = (yaml.safe_load(file.read_text()) or {}).get("sources") or []
        return [source.get("cloud") for source in sources] == ["demo"]
    except (yaml.YAMLError, AttributeError):
        return False


def _demo_only(home: Path) -> None:
    if not is_demo(home) or not (home / "demo").is_dir():
        raise BadInput(f"There is no demo in {home}. Make one with: instance-select demo")


def _is_published(session: Session) -> bool:
    from warehouse.errors import NothingPublished

    try:
        return session.lake.published().snapshot >= 0
    except NothingPublished:
        return False


def _make_room(session: Session, reset: bool) -> None:
    """Leave the home empty of demos. Raises `BadInput` or `Refused` if that is not ours to do."""
    settings = session.settings
    home = settings.home
    if not home.exists() or not any(home.iterdir()):
        return
    if not is_demo(home):
        raise BadInput(
            f"{home} is not empty and holds no demo, so nothing was written. Give an empty folder "
            "with --home, or move the content away."
        )
    if not reset:
        if not _is_published(session):
            session.say("making the interrupted demo again")
        else:
            raise Refused(
                f"{home} holds a demo already. Look at it with 'instance-select serve', let time "
                "pass with 'instance-select demo --advance 7', or start over with "
                "'instance-select demo --reset'."
            )
    if settings.catalog or settings.ledger or settings.data_path:
        raise Refused(
            "This home's catalogue, data or ledger lie outside of it, and a reset deletes only "
            "what lies inside. Empty them yourself, or use another home."
        )
    for name in (*_OURS, *(file.name for file in home.glob("ledger.sqlite*"))):
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
