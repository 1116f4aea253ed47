"""A Debian kernel for the machine: fetched from the system's package archive and unpacked. Nothing is installed, so
that the boot loader of the machine that runs the tests never hears of it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# What always brings the present kernel. (The "cloud" kernels know no Intel cards and no 9p.)
_LATEST = "linux-image-amd64"


@dataclass(frozen=True)
class Kernel:
    image: Path
    modules: Path  # the folder that has kernel/drivers/...

    def with_dependencies(self, names: tuple[str, ...]) -> list[Path]:
        """The files of the modules and of all that they need, in an order in which they can be loaded. What is not
        there is built into the kernel."""
        files = {_plain(path.stem): path for path in self.modules.rglob("*.ko")}
        order: list[Path] = []

        def add(name: str) -> None:
            path = files.get(_plain(name))
            if path is None or path in order:
                return
            for needed in _needs(path):
                add(needed)
            order.append(path)

        for name in names:
            add(name)
        return order


def _plain(name: str) -> str:
    """Files may have a hyphen where modules have an underscore."""
    return name.replace("-", "_")


def _needs(module: Path) -> list[str]:
    """From the section .modinfo: a list of strings, `depends=a,b` among them."""
    found = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def debian_kernel(folder: Path) -> Kernel:
    """The kernel that is unpacked in `folder` already, or the present one from the archive."""
    if not (kernel := _unpacked(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        depends = _run("apt-cache", "depends", _LATEST)
        package = re.search(r"Depends: (linux-image-[0-9]\S*)", depends)
        assert package, f"the package archive has no {_LATEST}: run `apt-get update`, check /etc/apt/sources.list"
        _run("apt-get", "download", package.group(1), cwd=folder)
        archive, = folder.glob("linux-image-*.deb")
        _run("dpkg-deb", "--extract", archive, folder)
        archive.unlink()
        kernel = _unpacked(folder)
    assert kernel, f"there is no kernel in {folder}: remove that folder and try again"
    return kernel


def _unpacked(folder: Path) -> Kernel | None:
    for image in folder.glob("boot/vmlinuz-*"):
        modules = folder / "lib" / "modules" / image.name.removeprefix("vmlinuz-")
        if modules.exists():
            return Kernel(image, modules)
    return None


def _run(*words, **options) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"`{' '.join(map(str, words))}` failed: {(done.stderr or done.stdout).strip()}"
    return done.stdout
