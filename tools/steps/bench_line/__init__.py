"""tools/bench-line: searched rates between two net_memif wires, without a card."""
