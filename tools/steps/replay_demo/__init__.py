"""tools/replay-demo: captures replayed between two processes of one machine."""
