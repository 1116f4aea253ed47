"""What tools/quickstart and tools/check are made of."""
