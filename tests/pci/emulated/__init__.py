"""A machine with network cards, emulated by QEMU: its kernel, its start, its cards, and a headend in it."""
