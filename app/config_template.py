"""The commented settings file that `init` writes."""

from collections.abc import Iterator
from pathlib import Path

from app.errors import Refused

_HEAD = """\
# Settings of instance.select. Every line that starts with '#' is off and shows the default.
# Each setting can also be given as a variable: INSTANCE_SELECT_MAX_CHANGES=5, for example.
# `{home}` stands for the folder of this file.

# What is read and changed. One entry per cloud; docs/settings.md lists the options of each.
sources: []
#  - name: acme-aws
#    cloud: aws
#    options:
#      bills: /data/exports/aws     # a folder with Data Exports, CUR or FOCUS files
#      profile: acme-read           # of the AWS SDK; without it, the SDK's own chain

"""


def template() -> str:
    """Every setting with its meaning and default, commented out."""
    from pipelines.settings import Settings

    return _HEAD + "\n".join(_entries(Settings))


def write_template(home: Path) -> Path:
    """Write the template into the home. Raises `Refused` if there is one already."""
    from pipelines.settings import CONFIG_FILE

    file = home / CONFIG_FILE
    if file.exists():
        raise Refused(f"{file} exists already and was not changed. Edit it, or remove it first.")
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(template())
    return file


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
        case _:
            return str(value)
