"""tools/session-memory: what a session costs the headend."""
