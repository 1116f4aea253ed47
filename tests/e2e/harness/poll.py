"""Waiting for something to become true, with a deadline: the only kind of waiting that the tests do."""

import time
from typing import Callable, TypeVar

T = TypeVar("T")
INTERVAL = 0.02  # seconds between looks


def until(condition: Callable[[], T], what: str, timeout: float = 15.0) -> T:
    """Returns the first true value of `condition`; fails with `what` (a sentence, or a function making one)."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(INTERVAL)
