"""Which files the checks look at: everything of ours that is text, and no build tree."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("crypto", "dataplane", "control", "tools", "bench", "tests")
CPP = {".hpp", ".cpp"}


def cpp_sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in CPP)


def all_sources() -> list[Path]:
    """C++ and Python, scripts without a suffix included."""
    scripts = [path for folder in ("tools", ".ci") for path in (ROOT / folder).iterdir()
               if path.is_file() and not path.suffix]
    python = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted({*cpp_sources(), *scripts, *python})
