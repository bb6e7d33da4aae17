"""UTF-8 for files and JSON under any locale; people read in the encoding of their terminal."""

import os
import sys
from io import TextIOWrapper
from locale import getencoding


def restart_in_utf8() -> None:
    """Where Python was started for another encoding, since that can't be changed later."""
    is_tried = os.environ.get("PYTHONUTF8") == "1"  # and Python told to ignore it: python -I
    if is_tried or sys.flags.utf8_mode or getencoding().lower() in ("utf-8", "utf8"):
        return
    os.environ["PYTHONUTF8"] = "1"
    os.environ.setdefault("PYTHONIOENCODING", f"{getencoding()}:replace")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def print_anything(*, json: bool) -> None:
    """Signs that the terminal lacks become question marks; JSON is UTF-8, as its standard says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
            is_json = json and stream is sys.stdout
            stream.reconfigure(encoding="utf-8" if is_json else None, errors="replace")
