"""tools/bench-replay: how fast and how exactly culvert-replay sends."""
