"""What keeps a card from working is one sentence that says what to do, and leaves the card as it was."""

import re

from emulated.cards import KINDS, SPARE, Card
from emulated.headend import start_failure


def unplugged(kind: str) -> tuple[Card, Card]:
    """Outside is the card in question."""
    return Card(KINDS[kind], 0x10), Card(KINDS[kind], 0x11)


def test_cards_that_cannot_work(stage):
    """One machine for all of them: each refusal leaves it as it was."""
    cards = unplugged("e1000e")
    address = cards[0].address
    machine = stage.boot(cards)
    machine.bind(cards[1])

    def refusal(outside: str = address) -> str:
        config = stage.config(cards)
        config.outside_device = outside
        return start_failure(machine, config)

    sentence = refusal()
    assert f"{address} belongs to the kernel driver e1000e" in sentence, sentence
    assert machine.driver_of(cards[0]) == "e1000e"

    # The command in the sentence is the remedy.
    machine.output(re.search(r"'(dpdk-devbind.py [^']*)'", sentence).group(1))
    assert machine.driver_of(cards[0]) == "vfio-pci"

    for nowhere in ("0000:00:1e.7", "0000:77:00.0"):
        sentence = refusal(nowhere)
        assert nowhere in sentence and "lspci" in sentence, sentence
    sentence = refusal("00:10:0")
    assert "'00:10:0' is no DPDK device" in sentence and "0000:18:00.0" in sentence, sentence

    machine.output(f"echo {address} >/sys/bus/pci/devices/{address}/driver/unbind")
    sentence = refusal()
    assert f"{address} has no driver" in sentence and "dpdk-devbind.py" in sentence, sentence

    machine.bind(cards[0], driver="uio_pci_generic")
    sentence = refusal()
    assert f"{address} is behind an IOMMU" in sentence and "--bind=vfio-pci" in sentence, sentence

    assert machine.driver_of(SPARE) == SPARE.kind.kernel_driver


def test_physical_addresses_want_huge_pages(stage):
    """Without an IOMMU a card can only be told physical addresses, which ordinary pages do not have."""
    cards = unplugged("e1000")
    machine = stage.boot(cards)
    machine.bind(*cards)
    sentence = start_failure(machine, stage.config(cards, dataplane=["huge-pages never"]))
    assert cards[0].address in sentence and "huge pages only" in sentence and "vm.nr_hugepages=" in sentence, sentence
