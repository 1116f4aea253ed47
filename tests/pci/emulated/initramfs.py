"""The first file system of the machine: busybox, the drivers that it needs, and `init` beside this file."""

import shutil
import subprocess
from pathlib import Path

from .kernel import Kernel

# To see the file system of the machine outside; to hand cards to DPDK; the kernel's own drivers for the cards.
_MODULES = ("virtio_pci", "9pnet_virtio", "9p",
            "vfio_pci", "vfio_iommu_type1", "uio_pci_generic",
            "virtio_net", "e1000", "e1000e", "vmxnet3")
_BUSYBOX = Path("/bin/busybox")


def make_initramfs(kernel: Kernel, folder: Path) -> Path:
    tree = folder / "initramfs"
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    shutil.copy(_BUSYBOX, tree / "bin")
    shutil.copy(Path(__file__).with_name("init"), tree)
    (tree / "init").chmod(0o755)
    modules = kernel.with_dependencies(_MODULES)
    for module in modules:
        shutil.copy(module, tree / "modules")
    (tree / "modules" / "order").write_text("".join(module.name + "\n" for module in modules))
    archive = folder / "initramfs.cpio"
    names = "".join(f"{path.relative_to(tree)}\n" for path in sorted(tree.rglob("*")))
    with open(archive, "wb") as out:
        subprocess.run(["cpio", "--quiet", "--create", "--format=newc"], cwd=tree, input=names.encode(), stdout=out,
                       check=True)
    shutil.rmtree(tree)
    return archive
