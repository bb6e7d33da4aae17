"""The docs are true: what is in the code is in them, and what they point to exists."""

import re
from pathlib import Path

import pytest
import yaml
from check_pages import check_pages
from reference import DOCS, PART, PARTS, rendered

from pipelines.settings import CONFIG_FILE, Settings, load_settings

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_reference_pages_say_what_the_code_says(page: Path) -> None:
    text = page.read_text()
    assert rendered(text) == text, "write it anew with: python tests/app/reference.py"


def test_each_check_has_the_page_that_its_file_makes() -> None:
    found = {page: page.read_text() for page in (DOCS / "checks").iterdir()}
    assert found == check_pages(DOCS), "write them anew with: python tests/app/reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_settings_are_taken_as_they_stand(page: Path, tmp_path: Path) -> None:
    for example in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        if set(yaml.safe_load(example)) <= set(Settings.model_fields):
            (tmp_path / CONFIG_FILE).write_text(example)
            load_settings(tmp_path)


def test_every_reference_is_in_a_page() -> None:
    found = {part[2] for page in DOCS.glob("*.md") for part in PART.finditer(page.read_text())}
    assert found == set(PARTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_docs_exist(page: Path) -> None:
    known = set(
        re.findall(r"^### `instance-select (.+)`$", (DOCS / "commands.md").read_text(), re.M)
    )
    first = {name.split()[0] for name in known}
    for typed in re.findall(r"(?:`|^\$ |^)instance-select ([a-z]+)", page.read_text(), re.M):
        assert typed in first, f"{page.name} shows instance-select {typed}"


def test_every_folder_has_its_line_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in ("actions", "app", "bench", "clouds", "docs", "models", "notebooks", "pipelines",
                   "tests", "warehouse"):  # fmt: skip
        assert f"| `{folder}/` |" in text


def test_decisions_are_dated() -> None:
    names = [page.name for page in (DOCS / "decisions").iterdir()]
    assert names
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z-]+\.md", name) for name in names)
