"""The instruction set of record protection: chosen at start, forced by `simd`, and shown."""

import pytest

from harness.lab import SERVER
from harness.ping import ping

# By the width of their registers. A CPU without the widest gets the next one.
NARROWEST_FIRST = ["SSE", "AVX2", "AVX512"]


@pytest.mark.parametrize("bits, widest", zip((128, 256, 512), NARROWEST_FIRST))
def test_simd_is_forced_and_shown(stage, bits, widest):
    headend = stage.start_headend(dataplane=[f"simd {bits}"])
    isa = headend.show.json("show version")["isa"]
    assert NARROWEST_FIRST.index(isa) <= NARROWEST_FIRST.index(widest)
    assert bits != 128 or isa == "SSE"
    text = headend.show.text("show version")
    assert f", {isa}; built for " in text and "Intel IPsec-MB " in text, text
    assert f", {isa} and " in headend.process.wait_for_line("ready: ")
    stage.connect(suite="TLS 1.2 ECDHE AES-128-GCM")
    ping(stage.lab.client, SERVER)


def test_without_simd_it_is_the_widest(stage):
    """And it is fixed while the headend runs."""
    headend = stage.start_headend()
    isa = headend.show.json("show version")["isa"]
    flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split()
    assert isa != "SSE" or "avx2" not in flags
    refused = headend.show.run("configure dataplane ; simd 128")
    assert refused.returncode != 0 and "restart" in refused.stderr + refused.stdout, refused
    assert headend.show.json("show version")["isa"] == isa
