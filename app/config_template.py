"""The commented settings file that `init` writes."""

from collections.abc import Iterator
from inspect import getdoc
from json import dumps
from pathlib import Path

from app.errors import Refused

_HEAD = """\
# Settings of instance.select. Every line that starts with '#' is off and shows the default.
# Each setting can also be given as a variable: INSTANCE_SELECT_MAX_CHANGES=5, for example.
# `{home}` stands for the folder of this file. Secrets are never settings: they come from each
# cloud's own chain of credentials.

# What is read and changed: one entry for each cloud, or for each set of credentials. To switch an
# example on, remove the '#' at the beginning of its lines. `name` is yours to choose.
# Beside `cloud` may stand after how many hours a check calls what it tells late, for example
# `late_after_hours: {bills: 72, inventory: 30, metrics: 30, market: 30}`.
sources:
"""


def template() -> str:
    """Every option of every cloud and every setting, with meaning and default, commented out."""
    from clouds import available
    from pipelines.settings import Settings

    examples = "\n".join("\n".join(_example(name)) for name in available())
    return f"{_HEAD}{examples}\n\n" + "\n".join(_entries(Settings))


def write_template(home: Path) -> Path:
    """Write the template into the home. Raises `Refused` if there is one already."""
    from pipelines.settings import CONFIG_FILE

    file = home / CONFIG_FILE
    if file.exists():
        raise Refused(f"{file} exists already and was not changed. Edit it, or remove it first.")
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(template())
    return file


def _example(cloud: str) -> Iterator[str]:
    """A source of this cloud, as its `connect` takes it; lines with '#' inside are comments."""
    from clouds import connector, package
    from clouds.errors import CloudError
    from clouds.options import options_of

    yield "#"
    try:
        connect, title = connector(cloud), getdoc(package(cloud)) or cloud
    except CloudError as error:
        yield f"#  # {' '.join(str(error).split())}"
        return
    yield f"#  # {title.splitlines()[0]}"
    yield f"#  - name: my-{cloud}"
    yield f"#    cloud: {cloud}"
    yield from (f"#    # {line}".rstrip() for line in (getdoc(connect) or "").splitlines())
    options = options_of(connect)
    if options:
        yield "#    options:"
    for option in options:
        blank = '["..."]' if option.kind.startswith("list") else '"..."'
        value = blank if option.is_needed else _yaml(option.default)
        need = "needed" if option.is_needed else "optional"
        yield f"#      {option.name}: {value}  # {option.kind}, {need}"


def _entries(settings: type) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if name in ("home", "sources"):
            continue
        yield f"# {field.description}"
        yield f"# {name}: {_yaml(field.default)}\n"


def _yaml(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case list() | tuple() | dict():
            return dumps(value)
        case _:
            return str(value)
