"""culvert-replay: what arrives over a net_memif wire is byte for byte what was in the file, in order; odd captures are
played or refused as asked; what is changed on purpose is right."""

import signal
from pathlib import Path

import pytest

from harness import odd_captures as captures
from harness.odd_captures import Interface, Packet, frame, frames, ipv4, odd_frames, pcap, pcapng, udp
from harness.outcome import outcome
from harness.poll import until
from harness.replay import Wire, looped, replayed, run

US = 1000


def numbered(count: int, gap_ns: int = 10 * US) -> list[Packet]:
    """Packets of many sizes and flows."""
    return [Packet(10**18 + n * gap_ns, frame(0x800, ipv4(udp(n.to_bytes(4, "big") * (1 + n % 365), 1000 + n % 50))))
            for n in range(count)]


def test_byte_for_byte_in_order(tmp_path):
    packets = numbered(5000)
    arrived = replayed(tmp_path, [pcap(tmp_path / "a.pcap", packets), "--pps", "50k"], len(packets))
    assert frames(arrived) == frames(packets)


def test_odd_frames(tmp_path):
    """VLAN tags, IPv6 with extension headers, fragments, ARP, LLDP; three times."""
    odd = odd_frames()
    file = pcap(tmp_path / "odd.pcap", [Packet(n * US, each) for n, each in enumerate(odd)])
    assert frames(replayed(tmp_path, [file, "--loops", 3], 3 * len(odd))) == odd * 3


def test_jumbo_frames_need_the_mtu(tmp_path):
    """Between small ones, so that what a driver leaves behind in its ring would show."""
    packets = [Packet(n * US, frame(0x9999, bytes([n % 251]) * (8000 if n % 7 == 0 else 100))) for n in range(3000)]
    file = pcap(tmp_path / "jumbo.pcap", packets)
    refused = looped(file)
    assert refused.status == 3 and "429 packets are larger than MTU 1500" in refused.said, refused.said
    outcome = looped(file, "--mtu", 9000, "--top-speed", "--write", tmp_path / "out.pcap")
    assert outcome.status == 0, outcome.said
    assert frames(captures.read(tmp_path / "out.pcap")) == frames(packets)
    left_out = looped(file, "--on-fault", "skip", "--top-speed")
    assert left_out.status == 0 and left_out.report["sent"][0]["left_out"]["oversized"] == 429
    assert left_out.report["received"][0]["packets"] == 3000 - 429


def test_memif_needs_larger_buffers_for_larger_frames(tmp_path):
    """Without bsize its driver would make two frames of what was one, and one of two."""
    packets = [Packet(n * US, frame(0x9999, bytes([n % 251]) * (8000 if n % 7 == 0 else 100))) for n in range(3000)]
    file = pcap(tmp_path / "jumbo.pcap", packets)
    refused = run("-p", Wire(tmp_path).device("server"), file, "--mtu", 9000)
    assert refused.status == 3 and "bsize=9216" in refused.said, refused.said
    assert frames(replayed(tmp_path, [file, "--mtu", 9000], 3000, buffers=9216)) == frames(packets)


def test_truncated_packets(tmp_path):
    whole = frame(0x800, ipv4(udp(bytes(100))))
    file = pcap(tmp_path / "cut.pcap", [Packet(0, whole), Packet(1, whole[:60], len(whole)), Packet(2, whole)])
    refused = looped(file)
    assert refused.status == 3 and "1 packet is not whole in the capture" in refused.said and not refused.report
    left_out = looped(file, "--on-fault", "skip")
    assert left_out.status == 0 and left_out.report["sent"][0]["packets"] == 2
    assert "left out: 1 packet is not whole" in left_out.said
    filled = looped(file, "--fill-truncated", "--write", tmp_path / "out.pcap")
    assert filled.status == 0
    assert frames(captures.read(tmp_path / "out.pcap")) == [whole] * 3


def test_pcapng_with_several_interfaces(tmp_path):
    """Of different resolutions: gaps of 300 µs, each recorded as finely as its interface could."""
    each = [frame(0x9999, bytes([n]) * 50) for n in range(30)]
    file = pcapng(tmp_path / "three.pcapng", [Interface(6), Interface(9), Interface(3)],
                  [(n % 2, Packet(10**18 + n * 300 * US, data)) for n, data in enumerate(each)])
    outcome = looped(file, "--write", tmp_path / "out.pcapng")
    assert outcome.status == 0, outcome.said
    assert frames(captures.read(tmp_path / "out.pcapng")) == each
    assert outcome.report["sent"][0]["seconds"] == pytest.approx(29 * 300e-6, abs=0.1)


@pytest.mark.parametrize("second, word", [(Interface(snap_length=96), "snapshot length"),
                                          (Interface(link=captures.RAW_IP), "type")])
def test_pcapng_that_libpcap_refuses(tmp_path, second, word):
    data = frame(0x9999, bytes(50))
    file = pcapng(tmp_path / "two.pcapng", [Interface(), second], [(0, Packet(0, data)), (1, Packet(1, data))])
    refused = looped(file)
    assert refused.status == 3, refused.report
    assert word in refused.said and "take out one interface with 'tshark" in refused.said, refused.said


def test_empty_files(tmp_path):
    """Refused, unless another port has something to play and faults are to be skipped."""
    for file in (pcap(tmp_path / "a.pcap", []), pcapng(tmp_path / "b.pcapng", [Interface()], [])):
        for words in ([], ["--on-fault", "skip"]):
            refused = looped(file, *words)
            assert refused.status == 3 and f"There is no packet to send in {file}." in refused.said, refused.said
            assert not refused.report
    some, none = pcap(tmp_path / "c.pcap", numbered(4)), tmp_path / "a.pcap"
    assert looped(none, some).status == 0
    two = ["-p", "net_ring0", "-p", "net_ring1", "-r", "net_ring0", some, none, "--no-progress"]
    assert run(*two).status == 3
    played = run(*two, "--on-fault", "skip")
    assert played.status == 0 and f"left out: There is no packet to send in {none}." in played.said, played.said
    assert [(each["packets"], each["asked_packets"]) for each in played.report["sent"]] == [(4, 4), (0, 0)]
    nothing = tmp_path / "nothing.pcap"
    nothing.write_bytes(b"")
    assert looped(nothing).status == 3


def test_broken_file(tmp_path):
    file = pcap(tmp_path / "broken.pcap", numbered(10))
    file.write_bytes(file.read_bytes()[:-7])
    refused = looped(file)
    assert refused.status == 3 and "damaged behind packet 9" in refused.said, refused.said
    played = looped(file, "--on-fault", "skip")
    assert played.status == 0 and played.report["received"][0]["packets"] == 9
    assert "damaged behind packet 9" in played.report["sent"][0]["left_out"]["damages"][0]


def test_other_link_types(tmp_path):
    raw = pcap(tmp_path / "raw.pcap", [Packet(0, ipv4(udp(b"raw")))], link=captures.RAW_IP)
    good = pcap(tmp_path / "good.pcap", numbered(4))
    refused = looped(raw, good)
    assert refused.status == 3 and "no Ethernet frames but link type RAW" in refused.said
    played = looped(raw, good, "--on-fault", "skip")
    assert played.status == 0 and played.report["sent"][0]["packets"] == 4


def test_recorded_timing_is_kept(tmp_path):
    """Nanoseconds in, and twice as fast; how exactly is a benchmark's matter."""
    file = pcap(tmp_path / "a.pcap", numbered(200, 5_000_001))
    outcome = looped(file, "--speed", 2)
    assert outcome.report["sent"][0]["seconds"] == pytest.approx(199 * 0.0025, rel=0.1)
    assert outcome.report["sent"][0]["lateness_ns"]["count"] == 200


def test_rates(tmp_path):
    file = pcap(tmp_path / "a.pcap", [Packet(n, frame(0x9999, bytes(486))) for n in range(100)])  # 500 bytes
    for words, seconds in ((["--pps", "1k"], 0.3), (["--bps-l2", "4032k"], 0.3), (["--bps-l1", "4192k"], 0.3)):
        outcome = looped(file, *words, "--loops", 3)
        assert outcome.report["sent"][0]["packets"] == 300
        assert outcome.report["sent"][0]["seconds"] == pytest.approx(seconds, rel=0.15), words


def test_filter_and_rewriting(tmp_path):
    packets = [Packet(n * US, frame(0x800, ipv4(udp(b"x" * n, 5000 + n % 2)))) for n in range(20)]
    file = pcap(tmp_path / "a.pcap", packets)
    arrived = replayed(tmp_path, [file, "--filter", "udp src port 5001", "--map-source", "10.0.0.0/8=172.0.0.0/8",
                                  "--vlan-add", 77, "--source-mac", "0a:00:00:00:00:01"], 10)
    expected = [frame(0x800, ipv4(udp(b"x" * n, 5001), source=b"\xac\x01\x02\x03"), 77) for n in range(1, 20, 2)]
    assert frames(arrived) == [each[:6] + b"\x0a\0\0\0\0\x01" + each[12:] for each in expected]


def test_a_filter_that_lets_nothing_through(tmp_path):
    refused = looped(pcap(tmp_path / "a.pcap", numbered(7)), "--filter", "tcp port 1")
    assert refused.status == 3 and not refused.report, refused.report
    assert "--filter 'tcp port 1' lets no packet of" in refused.said and "of 7" in refused.said, refused.said


def test_several_ports_at_once(tmp_path):
    first = pcap(tmp_path / "a.pcap", [Packet(n * US, frame(0x9999, b"a" * (60 + n))) for n in range(100)])
    second = pcap(tmp_path / "b.pcap", [Packet(n * US, frame(0x9999, b"b" * (60 + n))) for n in range(50)])
    outcome = run("-p", "net_ring0", "-p", "net_ring1", "-r", "net_ring0", "-r", "net_ring1", first, second,
                  "--no-progress")
    assert outcome.status == 0, outcome.said
    assert [each["packets"] for each in outcome.report["received"]] == [100, 50]
    assert outcome.report["lost"] == 0


def test_several_queues_keep_flows_in_order(tmp_path):
    packets = numbered(3000)
    out = tmp_path / "out.pcapng"
    outcome = looped(pcap(tmp_path / "a.pcap", packets), "--queues", 4, "--pps", "100k", "--write", out)
    assert outcome.status == 0, outcome.said
    arrived = frames(captures.read(out))
    assert sorted(arrived) == sorted(frames(packets))

    def of_flow(port: int, some: list[bytes]) -> list[bytes]:
        return [each for each in some if each[34:36] == port.to_bytes(2, "big")]

    for port in range(1000, 1050):
        assert of_flow(port, arrived) == of_flow(port, frames(packets))


def test_tracking(tmp_path):
    """Nothing is lost or out of order on a memif wire; the marks are behind the frames."""
    packets = numbered(2000)
    file = pcap(tmp_path / "a.pcap", packets)
    sent, received = Wire(tmp_path).carry([file, "--track", "--pps", "20k", "--mtu", 1600],
                                          ["--track", "--count", 2000, "--seconds", 30, "--write", tmp_path / "o.pcap"])
    assert sent.status == 0 and received.status == 0, sent.said + received.said
    report, = received.report["received"]
    assert report["missing"] == report["reordered"] == report["duplicates"] == report["unmarked"] == 0
    assert report["latency_ns"]["count"] == 2000
    assert 0 < report["latency_ns"]["50"] <= report["latency_ns"]["99.999"] <= report["latency_ns"]["max"]
    assert [each[:-24] for each in frames(captures.read(tmp_path / "o.pcap"))] == [
        each + bytes(max(0, 36 - len(each))) for each in frames(packets)]


def test_interrupted(tmp_path):
    """Ctrl-C: the summary, and the status that says that not everything was sent."""
    file = pcap(tmp_path / "a.pcap", numbered(1000, 10**9))
    process = Wire(tmp_path).start("alone", "-p", "net_ring0", "-r", "net_ring0", file)
    try:
        # It pins its main thread when DPDK starts; packets follow at once.
        until(lambda: "eal-intr" in tasks(process.pid), lambda: f"DPDK runs: {process.tail()}", 20)
        until(lambda: "rte-worker-1" in tasks(process.pid), lambda: f"a worker runs: {process.tail()}", 20)
        process.signal(signal.SIGINT)
        done = outcome(process, 20)
    finally:
        process.kill()
    assert done.status in (1, 4), done.said
    if done.status == 4:
        assert done.report["end"] == "interrupted" and not done.report["complete"]


def tasks(pid: int) -> str:
    """The names of a process's threads."""
    names = []
    for task in Path(f"/proc/{pid}/task").glob("*/comm"):
        try:
            names.append(task.read_text())
        except OSError:
            pass
    return "".join(names)


def test_no_link(tmp_path):
    wire = Wire(tmp_path)
    outcome = run("-p", wire.device("server"), pcap(tmp_path / "a.pcap", numbered(1)), "--link-wait", "0.2")
    assert outcome.status == 1 and "No link on net_memif0" in outcome.said


def test_a_port_that_takes_nothing(tmp_path):
    """A ring that nobody empties: not complete, though there was no end to what was to be sent."""
    file = pcap(tmp_path / "a.pcap", numbered(100))
    outcome = run("-p", "net_ring0", file, "--top-speed", "--loops", 0, "--no-progress")
    assert outcome.status == 4 and not outcome.report["complete"], outcome.said
    assert outcome.report["end"] == "a port has taken nothing for 10 s"
    assert outcome.report["sent"][0]["asked_packets"] is None


def test_time_left(tmp_path):
    """Whatever ends it first, though the captures have no end."""
    file = pcap(tmp_path / "a.pcap", numbered(100))
    outcome = run("-p", "net_ring0", "-r", "net_ring0", file, "--pps", "1k", "--loops", 0, "--seconds", 5)
    assert outcome.status == 0, outcome.said
    lines = [line for line in outcome.said.splitlines() if line.startswith("sent ")]
    assert lines and all(line.endswith(" s left") for line in lines), outcome.said
    left = [int(line.split()[-3]) for line in lines]
    assert left == sorted(left, reverse=True) and 0 <= left[-1] < 4 and left[0] <= 5, lines


def test_too_few_packets_for_the_receiver(tmp_path):
    outcome = run("-r", "net_ring0", "--count", 5, "--seconds", "0.3", "--no-progress")
    assert outcome.status == 4 and not outcome.report["complete"]


def test_a_file_that_cannot_be_written(tmp_path):
    outcome = looped(pcap(tmp_path / "a.pcap", numbered(1)), "--write", "/nonexistent/out.pcap")
    assert outcome.status == 1 and "cannot be written" in outcome.said
    full = looped(pcap(tmp_path / "a.pcap", numbered(1)), "--write", "/dev/full")
    assert full.status == 4 and full.report["written"]["trouble"], full.said
