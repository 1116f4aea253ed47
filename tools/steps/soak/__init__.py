"""tools/soak: two hours of clients that come and go over a bad network, and what is left of it."""
