"""The wheel holds all that run-time needs, and our packages are the ones that get imported."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("actions", "app", "clouds", "models", "pipelines", "warehouse")
DATA = {
    ".sql",
    ".yaml",
    ".yml",
    ".toml",
    ".parquet",
    ".csv",
    ".css",
    ".svg",
    ".png",
    ".md",
    ".mako",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git has, so that nothing else can slip in."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    out = source / "dist"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run([*build, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_every_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.suffix in DATA and "__pycache__" not in file.parts
    }
    assert wanted
    assert wanted <= inside, sorted(wanted - inside)
    assert not {name for name in inside if name.startswith(("tests/", "docs/", "bench/"))}


@pytest.mark.slow
def test_the_wheel_alone_runs_the_demo_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    venv, elsewhere, home = tmp_path / "venv", tmp_path / "elsewhere", tmp_path / "home"
    elsewhere.mkdir()
    install(venv, wheel)
    command = [str(venv / "bin" / "instance-select"), "demo", "--resources", "60", "--months", "2"]
    done = subprocess.run(
        [*command, "--json", "--home", str(home)],
        cwd=elsewhere, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (home / "lake" / "catalog.sqlite").exists()
    assert not list(elsewhere.iterdir())


def install(venv: Path, wheel: Path) -> None:
    """A fresh environment with the wheel and, of what is installed here, what the lock names.

    Linked, since pip takes two minutes for the lock; `make setup` has shown that it can.
    """
    python = venv / "bin" / "python"
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
        pip = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    for name in pinned(ROOT / "requirements.lock"):
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # locked for another system or Python
            continue
        for file in installed.files or ():
            if ".." not in file.parts:  # commands lie outside
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(installed.locate_file(file))


def pinned(lock: Path) -> set[str]:
    """The names of the packages in a lock."""
    lines = [line for line in lock.read_text().splitlines() if "==" in line[:80]]
    return {line.split("==")[0].partition("[")[0] for line in lines}


@pytest.mark.parametrize("folder", PACKAGES)
def test_each_package_is_imported_from_this_repository(folder: str, tmp_path: Path) -> None:
    where = f"import {folder}; print({folder}.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(ROOT)


def test_no_module_is_named_like_a_top_level_folder() -> None:
    """Streamlit puts its script's folder first on the path: a module there would hide ours."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            inner = file.relative_to(ROOT / package).with_suffix("").parts
            assert not set(inner) & set(PACKAGES), file


def test_the_locks_hold_all_dependencies_with_hashes_and_no_server() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    optional = project["project"]["optional-dependencies"]
    extras = [one for extra in optional.values() for one in extra]
    extras.remove("libvirt-python>=9")  # has the version of the system's library
    dev = project["dependency-groups"]["dev"]
    for name, wanted in (
        ("requirements.lock", runtime), ("requirements-dev.lock", [*runtime, *extras, *dev])
    ):  # fmt: skip
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        names = pinned(ROOT / name)
        assert text.count("--hash=sha256:") > len(names)
        for requirement in wanted:
            package = requirement.partition("[")[0].split(">")[0].split("=")[0].strip()
            assert package == "instance-select" or package.lower() in names, requirement
