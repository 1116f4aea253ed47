"""Setting up and building a tree with meson and ninja."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .console import Progress, tail

ROOT = Path(__file__).resolve().parents[2]


class BuildError(RuntimeError):
    """Says what failed, with the end of the output."""


@dataclass(frozen=True)
class Tree:
    folder: str
    options: tuple[str, ...] = ()
    compiler: tuple[str, str] = ("gcc", "g++")

    @property
    def path(self) -> Path:
        return ROOT / self.folder


def instruction_set() -> str:
    """x86-64-v3 (AVX2, 2013) is the least that is worth while, but the older ones are served too."""
    with open("/proc/cpuinfo") as info:
        flags = next((set(line.split()) for line in info if line.startswith("flags")), set())
    return "x86-64-v3" if {"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe", "abm"} <= flags else "x86-64-v2"


# Eight sources in one go, because most of a compiler's time goes into headers. build-clang compiles each by itself.
UNITY = ("--unity=on", "--unity-size=8")
# The tools that call us have looked whether build/ is one (release_tree.py).
RELEASE = Tree(os.environ.get("CULVERT_BUILD", "build"),
               ("--buildtype=release", f"-Dmarch={instruction_set()}", *UNITY))
# The sanitizer's tests and the fuzz targets are of one tree. Line numbers are all that a report needs of the debug
# information. clang, because it takes half of gcc's time for tests that are not optimised (tests/meson.build).
SANITIZED = Tree("build-asan", ("--buildtype=custom", "-Doptimization=1", "-Ddebug=false", *UNITY,
                                "-Dcpp_args=-g1 -fno-sanitize-recover=undefined", "-Dfuzz=true",
                                "-Db_sanitize=address,undefined", "-Db_lundef=false"),
                 ("clang", "clang++"))
CLANG = Tree("build-clang", ("--buildtype=release",), ("clang", "clang++"))


def set_up(tree: Tree) -> None:
    """Configures the tree unless it is; a tree that is broken is made anew."""
    if (tree.path / "build.ninja").exists():
        return
    # meson itself puts ccache in front of the compiler if there is one, but not if CC is set.
    cache = "ccache " if shutil.which("ccache") else ""
    compiler = {} if tree.compiler[0] == "gcc" else {
        variable: cache + command for variable, command in zip(("CC", "CXX"), tree.compiler)}
    wipe = ("--wipe",) if (tree.path / "meson-private").exists() else ()
    done = subprocess.run(["meson", "setup", *wipe, *tree.options, tree.path, ROOT], cwd=ROOT,
                          env=os.environ | compiler, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"meson could not set up {tree.folder}:\n{tail(done.stdout + done.stderr)}")


def ninja(tree: Tree, progress: Progress, *targets: str) -> None:
    """Builds the targets (all of them if none is named). The whole output is kept in the tree's ninja.log."""
    log_path = tree.path / "ninja.log"
    with open(log_path, "w") as log, subprocess.Popen(["ninja", "-C", tree.path, *targets], text=True,
                                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            log.write(line)
            if found := re.match(r"\[(\d+/\d+)\]", line):
                progress.show(found.group(1))
    if process.returncode != 0:
        raise BuildError(f"ninja failed in {tree.folder} (all of it: {log_path}):\n{failures(log_path.read_text())}")


def bring_up_to_date(tree: Tree, progress: Progress) -> None:
    """For who runs what was built: nothing to do, unless the phase that builds was left out."""
    set_up(tree)
    ninja(tree, progress)


def failures(log: str) -> str:
    """What the compiler said, without the lines of what worked."""
    lines = log.splitlines()
    first = next((at for at, line in enumerate(lines) if line.startswith("FAILED:")), max(0, len(lines) - 40))
    return "\n".join(line[:300] for line in lines[first:first + 40])
