"""Garbage on the management socket: a clear error or a closed connection, and the headend lives on."""

import random
import socket

import pytest

from harness.bystander import bystander
from harness.by_hand import drain
from harness.show import Management

SEED = 20_30

GARBAGE = {
    "random bytes": random.Random(SEED).randbytes(10_000),
    "a line without end": b"show " + b"a" * 1_000_000,
    "NULs": bytes(10_000),
    "deep JSON": b"[" * 100_000,
    "JSON of another kind": b'{"command": 5}\n[1,2,3]\nnull\n"x"\n',
    "half a request": b'{"command": "show ver',
    "nothing": b"",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_on_the_socket(stage, headend, case):
    """Whatever is said, others are still answered, and the client's packets still move."""
    with bystander(stage):
        for _ in range(5):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1.0)
                connection.connect(str(headend.config.socket))
                try:
                    connection.sendall(GARBAGE[case])
                except OSError:
                    continue
                drain(connection)
        assert "Culvert" in headend.show.text("show version")


def test_who_connects_and_says_nothing_blocks_nobody(stage, headend):
    """50 silent connections are open while others ask."""
    silent = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    try:
        with bystander(stage):
            for connection in silent:
                connection.settimeout(2.0)
                try:
                    connection.connect(str(headend.config.socket))
                except OSError:
                    break  # A limit on connections is allowed, as long as the next line still works.
            for connection in silent[10:]:
                connection.close()
            assert headend.show.answers()
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("command", [
    "frobnicate", "show", "show frobnication", "show vpn-sessiondb anyconnect nonsense", "\x01", "a" * 5000,
    "vpn-sessiondb logoff index 4294967296", "show version\nshow version"])
def test_wrong_command_is_an_error(stage, headend, command):
    """culvertctl ends with a status other than 0 and says why on standard error or in the ASA's words."""
    done = headend.show.run(command)
    assert done.returncode != 0, done.stdout
    assert done.stderr.strip() or "ERROR" in done.stdout


def test_socket_that_nobody_serves_is_one_sentence(stage, headend, tmp_path):
    """culvertctl without a culvertd says so, in one line."""
    done = Management(tmp_path / "nobody.sock").run("show version")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
