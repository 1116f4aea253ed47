"""culvert-delay: what it does to packets is what it was asked for, and it counts every one of them."""

import math
import socket
import subprocess
import threading
import time

import pytest

from harness.delay_line import CULVERT_DELAY, FAR, NEAR, DelayLine, wire_addresses
from harness.ping import ping, round_trips

PORT = 5000
SIZE = 1000  # of a datagram's payload; with its headers 42 more
HEADERS = 42
SO_RCVBUFFORCE = 33  # asm-generic/socket.h


@pytest.fixture
def line(lab, tmp_path):
    """Starts a line; the client and the server are its ends, and know each other's MAC addresses already."""
    started = []

    def start(*options: str) -> DelayLine:
        started.append(DelayLine(lab, tmp_path, *options))
        # A packet socket on an interface that another has just left sends nothing for a tenth of a second or two, and
        # counts it as sent.
        time.sleep(0.5)
        return started[-1]

    with wire_addresses(lab):
        for host, interface, address, other, there in ((lab.client, "wan", FAR, lab.server, "lan"),
                                                       (lab.server, "lan", NEAR, lab.client, "wan")):
            mac = other.run("cat", f"/sys/class/net/{there}/address").stdout.strip()
            host.run("ip", "neighbour", "replace", address, "lladdr", mac, "dev", interface)
        yield start
        for each in started:
            each.kill()


def send(lab, count: int, pause: float = 0.0) -> list[int]:
    return send_timed(lab, count, pause)[0]


def send_timed(lab, count: int, pause: float = 0.0) -> tuple[list[int], float]:
    """So many numbered datagrams to the server, a few at a time; the numbers that came, in their order, and the seconds
    from the first one's start to the last one's arrival. They are read as they come: what waits for its reader lies in
    the ring from which the line's port sends, to be written over."""
    with lab.server.entered():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    receiver.bind((FAR, PORT))
    receiver.settimeout(1)
    with lab.client.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    came, times, sent = [], [time.monotonic()], threading.Event()

    def read() -> None:
        while True:
            last_round = sent.is_set()
            try:
                while True:
                    came.append(int.from_bytes(receiver.recv(2000)[:4], "big"))
                    times.append(time.monotonic())
            except TimeoutError:
                if last_round:
                    return

    with receiver, sender:
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        for number in range(count):
            sender.sendto(number.to_bytes(4, "big") + bytes(SIZE - 4), (FAR, PORT))
            if number % 20 == 19:
                time.sleep(pause)
        sent.set()
        reader.join(30)
    return came, times[-1] - times[0]


def test_a_round_trip_is_both_delays(lab, line):
    """Never less than asked for; and rarely much more, whatever else this machine does."""
    line("--delay", "20ms", "--back-delay", "5ms")
    times = sorted(round_trips(lab.client, FAR, 40))
    assert times[0] >= 25
    assert times[len(times) // 2] < 27, times


def test_lateness_is_counted(lab, line):
    wire = line("--delay", "10ms")
    ping(lab.client, FAR, count=20)
    late = wire.finish()["there"]["late_us"]
    assert 0 < late["p50"] <= late["p99"] <= late["p99.9"]
    assert late["p50"] < 1000, late


def test_without_trouble_all_comes_in_order(lab, line):
    wire = line("--delay", "30ms")
    assert send(lab, 3000, 0.002) == list(range(3000))
    there = wire.finish()["there"]
    assert there["received"] == there["sent"] and there["received_bytes"] == there["sent_bytes"]
    assert there["lost"] == there["queue_full"] == there["no_room"] == there["unsent"] == there["held_back"] == 0


def test_loss_is_as_asked_for_and_repeats(lab, line):
    count, share = 4000, 0.05
    losses = []
    for _ in range(2):
        wire = line("--loss", "5%", "--back-loss", "0%", "--seed", "7")
        came = send(lab, count, 0.001)
        there = wire.finish()["there"]
        assert there["lost"] == count - len(came)
        assert came == sorted(came)
        losses.append(sorted(set(range(count)) - set(came)))
    assert abs(len(losses[0]) - share * count) < 5 * math.sqrt(share * count)
    assert losses[0] == losses[1]


def test_reordering_holds_back_a_share(lab, line):
    wire = line("--delay", "5ms", "--reorder", "3%", "--hold-back", "20ms")
    came = send(lab, 3000, 0.002)
    there = wire.finish()["there"]
    assert sorted(came) == list(range(3000))
    assert 40 < there["held_back"] < 150
    # Each that was held back comes after one with a higher number; those at the very end have none behind them.
    highest, late = -1, 0
    for number in came:
        late += number < highest
        highest = max(highest, number)
    assert there["held_back"] - 10 <= late <= there["held_back"]


def test_duplicates_come_twice(lab, line):
    wire = line("--duplicate", "10%")
    came = send(lab, 2000, 0.002)
    doubled = wire.finish()["there"]["duplicated"]
    assert 130 < doubled < 270
    assert len(came) == 2000 + doubled and set(came) == set(range(2000))


def test_the_bottleneck_is_as_slow_as_asked_for_and_its_queue_as_long(lab, line):
    """A burst of 100 datagrams into a queue of 25 000 bytes: what fits comes, at 2 Mbit/s; the rest is dropped."""
    wire = line("--rate", "2mbit", "--queue", "25000b")
    came, elapsed = send_timed(lab, 100)
    there = wire.finish()["there"]
    fits = 25_000 // (SIZE + HEADERS)
    assert fits <= len(came) <= fits + 8, "some leave while the last ones come"
    assert came == sorted(came)
    assert there["queue_full"] == 100 - len(came)
    assert 25_000 - SIZE - HEADERS < there["longest_queue_bytes"] <= 25_000
    assert elapsed >= len(came) * (SIZE + HEADERS) * 8 / 2e6


def test_counters_while_it_runs(lab, line):
    wire = line("--delay", "1ms")
    ping(lab.client, FAR, count=3)
    counted = wire.counters()
    assert counted["there"]["sent"] >= 3 and counted["back"]["sent"] >= 3


@pytest.mark.parametrize("words,sentence", [
    ([], "--line is required"),
    (["--line", "net_af_packet0,iface=lo"], "--line"),
    (["--delay", "20"], "'20' is not a time like"),
    (["--rate", "50"], "'50' is not a rate like"),
    (["--loss", "100%"], "is not a share like"),
    (["--queue", "100ms"], "without --rate"),
    (["--reorder", "2%"], "--hold-back"),
    (["--loss", "1%", "--loss-burst", "0"], "--loss-burst is 1 to 1000"),
    (["--seed", "x"], "--seed"),
])
def test_a_wrong_command_line_is_refused(words, sentence):
    if words and words[0] != "--line":
        words = ["--line", "net_af_packet0,iface=a", "net_af_packet1,iface=b", *words]
    done = subprocess.run([CULVERT_DELAY, *words], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and done.stdout == ""
    assert sentence in done.stderr, done.stderr


def test_a_device_that_is_not_there(lab):
    done = lab.headend.run(CULVERT_DELAY, "--line", "net_af_packet0,iface=nowhere", "net_af_packet1,iface=inside",
                           check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr, done.stderr


def test_help():
    done = subprocess.run([CULVERT_DELAY, "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "--hold-back" in done.stdout and "--back-loss" in done.stdout
