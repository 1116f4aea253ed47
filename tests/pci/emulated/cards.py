"""Network cards that QEMU knows and DPDK has drivers for. At the far end of each is a tap interface."""

from dataclasses import dataclass

QUEUES = 2  # of a card that has several


@dataclass(frozen=True)
class Kind:
    """`model`: QEMU's, with its properties. `binding`: the kernel's driver that gives the card to DPDK. `finds`: words
    of the line that the headend writes about it at start, with one worker. `half_checksums`: what the kernel at the far
    end sends arrives with checksums that are still to be made."""
    model: str
    binding: str
    dpdk_driver: str
    kernel_driver: str
    finds: tuple[str, ...]
    tap: str = ""  # options of the tap interface
    tso: bool = False
    half_checksums: bool = False


KINDS = {
    # With its memory behind the IOMMU, as all hardware is.
    "virtio": Kind("virtio-net-pci,disable-legacy=on,iommu_platform=on,mq=on,rss=on,vectors=6", "vfio-pci",
                   "net_virtio", "virtio-pci",
                   ("1 rx/1 tx queue", "checksums by the port (of IPv4 headers in software)", "multi-segment yes",
                    "TSO yes", "RSS no"), tap=f",queues={QUEUES}", tso=True, half_checksums=True),
    "virtio before 1.0": Kind("virtio-net-pci,disable-modern=on", "uio_pci_generic", "net_virtio", "virtio-pci",
                              ("1 rx/1 tx queue", "multi-segment yes", "TSO yes", "RSS no"), tso=True,
                              half_checksums=True),
    "vmxnet3": Kind("vmxnet3", "vfio-pci", "net_vmxnet3", "vmxnet3",
                    ("1 rx/1 tx queue", "checksums by the port (of IPv4 headers in software)", "multi-segment yes",
                     "TSO yes", "RSS no"), tso=True),
    "e1000e": Kind("e1000e", "vfio-pci", "net_e1000_em", "e1000e",
                   ("1 rx/1 tx queue", "checksums by the port,", "multi-segment yes", "TSO no", "RSS no")),
    "e1000": Kind("e1000", "uio_pci_generic", "net_e1000_em", "e1000",
                  ("1 rx/1 tx queue", "checksums by the port,", "multi-segment yes", "TSO no", "RSS no")),
}


@dataclass(frozen=True)
class Card:
    kind: Kind
    slot: int
    tap: str = ""  # the interface at its far end; none: nothing is plugged in

    @property
    def address(self) -> str:
        return f"0000:00:{self.slot:02x}.0"

    @property
    def mac(self) -> str:
        return f"02:00:00:00:00:{self.slot:02x}"

    @property
    def device(self) -> str:
        """QEMU's name for it."""
        return f"card{self.slot}"

    def words(self) -> list[str]:
        """QEMU's arguments."""
        name = f"wire{self.slot}"
        wire = f"tap,id={name},ifname={self.tap},script=no,downscript=no{self.kind.tap}" if self.tap else \
            f"hubport,id={name},hubid={self.slot}"
        return ["-netdev", wire,
                "-device", f"{self.kind.model},id={self.device},netdev={name},mac={self.mac},bus=pcie.0,"
                           f"addr={self.slot:#x},romfile="]


def pair(kind: str) -> tuple[Card, Card]:
    """One for outside and one for inside, joined to the interfaces that harness.devices.adopt_taps() takes over."""
    return Card(KINDS[kind], 0x10, "tap0"), Card(KINDS[kind], 0x11, "tap1")


# Nobody names it, so it has to stay the kernel's.
SPARE = Card(KINDS["e1000e"], 0x18)
