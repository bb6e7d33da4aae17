"""A page for each check, made from its file."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill

from actions.check import SAVING, WINDOWS, Check, checks
from warehouse.build import tables_in


def check_pages(docs: Path) -> dict[Path, str]:
    """The page of each check, made from its file alone."""
    return {
        docs / "checks" / f"{check.name}.md": "\n".join(_check_page(check)) + "\n"
        for check in checks()
    }


def _check_page(check: Check) -> Iterator[str]:
    yield f"# `{check.name}`\n"
    yield f"{check.title}. This page is made from `actions/checks/{check.name}.sql`.\n"
    kind = check.kind.replace("_", " ")
    if check.about == SAVING:
        yield f"It looks at each {kind}, offers to {check.verb} it, and is of"
    else:
        yield f"It gives advice on the {check.about} of each {kind}, claims no money, and is of"
    yield f"risk {check.risk} unless a finding says otherwise ([what that means](../gate.md)).\n"
    if check.money == "share":
        yield "It saves a share of the bill: of what other settings of the same resource leave.\n"
    yield f"## Rule and sources\n\n{_wrapped(check.rule)}\n"
    yield f"## What it can't see\n\n{_wrapped(check.blind)}\n"
    yield "## Parameters\n"
    if check.params:
        yield "To be changed under `checks:` in `instance-select.yaml`:"
        yield "[how](../checks.md#other-parameters).\n"
        yield "| parameter | default | may be |"
        yield "|---|---|---|"
    else:
        yield "None."
    for name, value in check.params.items():
        fits = "a text" if isinstance(value, str) else "a number of at least 0"
        if name in check.windows:
            fits = " or ".join(str(days) for days in WINDOWS)
        elif name in check.choices:
            fits = _listed(check.choices[name])
        escaped = str(value).replace("|", "\\|")
        yield f"| `{name}` | `{escaped}` | {fits} |"
    yield "\n## Data\n"
    yield f"- Tables: {_listed(tables_in(check.sql or ''))}"
    if metrics := re.findall(r"\b(?:metric = |evidence_of\()'(\w+)'", check.sql or ""):
        yield f"- Measurements, by hour: {_listed(metrics)}"
    if facts := re.findall(r"'\$\.(\w+)'", check.sql or ""):
        yield f"- Facts of the inventory (`config`, `tags`): {_listed(facts)}"
    yield f"\n## Evidence\n\n```sql\n{_wrapped(check.evidence)}\n```"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(set(names)))


def _wrapped(text: str) -> str:
    return fill(text, 120, break_long_words=False, break_on_hyphens=False)
