"""A client that is connected while somebody throws garbage, and must not notice."""

import contextlib

from .lab import SERVER
from .ping import SteadyPing
from .poll import until


@contextlib.contextmanager
def bystander(stage, number: int = 0):
    """Ten echoes a second run through the tunnel during the block; not one may be lost, and the headend lives on."""
    client = stage.connect(number)
    steady = SteadyPing(stage.lab.client, SERVER, stage.folder / "bystander.log")
    try:
        yield client
        steady.stop()
    finally:
        steady.kill()
    assert client.process.running(), client.process.tail()
    assert stage.headend.process.running(), stage.headend.process.tail(30)


@contextlib.contextmanager
def named_drop(stage, *keywords: str):
    """The block must make at least one of these drop counters grow."""
    before = stage.headend.show.drops()
    yield
    until(lambda: any(stage.headend.show.drops().get(word, 0) > before.get(word, 0) for word in keywords),
          lambda: f"one of {', '.join(keywords)} counted; now {stage.headend.show.drops()}, before {before}")
