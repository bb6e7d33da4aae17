"""Run the benchmarks: `python -m bench` for all, `python -m bench ingest --rows 1000` for one."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Each file here is one benchmark in a process of its own; it fails by its exit code.

    Options are handed on.
    """
    first = next((n for n, text in enumerate(arguments) if text.startswith("-")), len(arguments))
    names, options = arguments[:first], arguments[first:]
    known = sorted(file.stem for file in HERE.glob("[!_]*.py"))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No benchmark named {', '.join(unknown)}. Known: {', '.join(known)}.")
        return 2
    missed: list[str] = []
    for name in names or known:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *options]).returncode != 0:
            missed.append(name)
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
