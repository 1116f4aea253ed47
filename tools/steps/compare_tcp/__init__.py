"""tools/compare-tcp: our TCP endpoint and the Linux kernel's on the same bad networks."""
