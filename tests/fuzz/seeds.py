#!/usr/bin/python3
"""Writes the inputs that each fuzz target starts from: real messages, so that a short run gets past the first check.

    tests/fuzz/seeds.py FOLDER    one folder a target below FOLDER, one file a seed

The shape of a target's input is described at the head of its source.
"""

import struct
import sys
from pathlib import Path

# --- HTTP and XML: what openconnect and AnyConnect send ---


def envelope(kind: str, inside: str) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<config-auth client="vpn" type="{kind}" aggregate-auth-version="2"><version who="vpn">v9.01-3</version>'
            f"<device-id>linux-64</device-id>{inside}</config-auth>").encode()


OPAQUE = '<opaque is-for="sg"><tunnel-group>DefaultWEBVPNGroup</tunnel-group></opaque>'
DOCUMENTS = [
    envelope("init", "<capabilities><auth-method>single-sign-on-v2</auth-method></capabilities>"
                     "<group-access>https://198.51.100.1/</group-access>"),
    envelope("init", "<group-select>STAFF</group-select><group-access>https://198.51.100.1/staff</group-access>"),
    envelope("auth-reply", f"{OPAQUE}<auth><username>vpn</username><password>s&amp;cret&#x20ac;</password></auth>"
                           "<group-select>STAFF</group-select>"),
    envelope("auth-reply", f"{OPAQUE}<auth><username><![CDATA[vpn]]></username></auth>"
                           "<host-scan-token>0</host-scan-token>"),
    envelope("logout", "<session-token>0123456789abcdef</session-token><session-id>42</session-id>"),
    b"username=vpn&password=s%26cret+%E2%82%AC&group_list=STAFF",
    b"",
]


def request(line: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    fields = {"Host": "198.51.100.1", "User-Agent": "Open AnyConnect VPN Agent v9.01-3", **headers}
    return (line + " HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode() + body


def http() -> list[bytes]:
    xml = {"X-Transcend-Version": "1", "X-Aggregate-Auth": "1", "Content-Type": "application/xml; charset=utf-8"}
    post = DOCUMENTS[2]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (post[:100], post[100:])) + b"0\r\n\r\n"
    whole = [
        request("GET /", {"Cookie": "webvpn=0123456789abcdef; other=1"}),
        request("POST /", {**xml, "Content-Length": str(len(post))}, post),
        request("POST /auth", {**xml, "Transfer-Encoding": "chunked"}, chunks),
        request("POST /", {"Content-Type": "application/x-www-form-urlencoded",
                           "Content-Length": str(len(DOCUMENTS[5]))}, DOCUMENTS[5]),
        request("CONNECT /CSCOSSLC/tunnel", {
            "Cookie": "webvpn=0123456789abcdef", "X-CSTP-Version": "1", "X-CSTP-Hostname": "vm",
            "X-CSTP-Accept-Encoding": "oc-lz4,lzs", "X-CSTP-Base-MTU": "1500", "X-CSTP-MTU": "1390",
            "X-CSTP-Address-Type": "IPv6,IPv4", "X-CSTP-Address": "10.10.10.5",
            "X-CSTP-Full-IPv6-Capability": "true", "X-DTLS-Master-Secret": "00" * 48,
            "X-DTLS-CipherSuite": "PSK-NEGOTIATE:OC-DTLS1_2-AES256-GCM:AES256-SHA",
            "X-DTLS12-CipherSuite": "ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256"}),
    ]
    return [bytes([cut]) + text for text in whole for cut in (0, 40, 200)]


# --- TLS and CSTP ---


def cstp(kind: int, payload: bytes = b"") -> bytes:
    return b"STF\x01" + struct.pack(">HBB", len(payload), kind, 0) + payload


def record(kind: int, body: bytes) -> bytes:
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


INNER = bytes.fromhex("4500001c000100004001" "66cf" "0a0a0a05" "0a304205" "0800f7ff00000000")
KEY_UPDATE = b"\x18\x00\x00\x01"
HELLO = record(22, b"\x01\x00\x00\x2d\x03\x03" + bytes(32) + b"\x00\x00\x02\x13\x01\x01\x00\x00\x02\x00\x00")
ALERT, HANDSHAKE, DATA = 1, 2, 3  # content types, less 20


def plain(kind: int, body: bytes) -> bytes:
    return struct.pack(">BH", kind, len(body)) + body


def cstp_targets() -> list[bytes]:
    streams = {
        0: [cstp(0, INNER), cstp(3, b"probe"), cstp(9), record(23, bytes(40))],
        1: [HELLO, HELLO + record(20, b"\x01") + record(23, bytes(60)), b"GET / HTTP/1.1\r\n\r\n"],
        2: [
            b"".join(plain(DATA, cstp(0, INNER + bytes([i]))) for i in range(20)),
            plain(DATA, cstp(3, b"probe" * 100)) + plain(DATA, cstp(4)) + plain(DATA, cstp(7)),
            plain(DATA, cstp(0, INNER)) + plain(DATA, cstp(5, b"\xb0Aborted by caller")),
            plain(DATA, cstp(8, INNER)) + plain(DATA, b"") + plain(DATA, cstp(0, bytes(3000))),
            plain(DATA, cstp(0, INNER)) + plain(HANDSHAKE, KEY_UPDATE + b"\x01") + plain(DATA, cstp(0, INNER + b"x")),
            b"".join(plain(HANDSHAKE, KEY_UPDATE + b"\0") + plain(DATA, cstp(0, INNER)) for _ in range(40)),
            plain(HANDSHAKE, b"\x01\x00\x00\x10" + bytes(16)) + plain(DATA, cstp(0, INNER)),
            plain(DATA, cstp(0, INNER)) + plain(ALERT, b"\x01\x00") + plain(DATA, cstp(0, INNER)),
        ],
        3: [record(23, bytes(40)), record(22, bytes(40)), record(23, bytes(16400))],
    }
    return [bytes([mode | suite << 2, segment]) + stream
            for mode, some in streams.items() for stream in some for suite in range(0, 32, 3) for segment in (4, 255)]


def datagram(kind: int, number: int, body: bytes) -> bytes:
    return struct.pack(">BHHHIH", kind, 0xfefd, 1, 0, number, len(body)) + body


def dtls() -> list[bytes]:
    """Modes 0 and 1 are datagrams as they come, 2 is records that are sealed, 3 is an IP packet in segments."""

    def sealed(kind: int, plain_text: bytes) -> bytes:
        return bytes([kind, len(plain_text)]) + plain_text

    streams = {
        0: [datagram(23, 5, bytes(60)), datagram(22, 0, bytes(60)), datagram(23, 5, bytes(80)) * 2],
        1: [datagram(22, 0, bytes(60)), datagram(23, 5, bytes(60))],
        2: [
            b"".join(sealed(0, b"\x00" + INNER + bytes([i])) for i in range(8)),
            sealed(0, b"\x03probe") + b"\x00\xff" + sealed(0, b"\x07") + sealed(0, b"\x00" + INNER),
            sealed(0, b"\x00" + INNER) + sealed(1, b"\x01\x00") + sealed(0, b"\x05bye"),
        ],
        3: [INNER],
    }
    return [bytes([mode | suite << 2]) + stream
            for mode, some in streams.items() for stream in some for suite in range(0, 64, 3)]


def tls_record() -> list[bytes]:
    whole = []
    for suite in (*range(32), *range(0x80, 0x88)):
        for flags in (0x00, 0x20, 0x40, 0x60):  # in place or not, narrow or wide
            whole.append(bytes([suite | flags, 0]) + record(23, bytes(60)))
            for mode in (1, 2, 3):
                whole.append(bytes([suite | flags, mode]) + struct.pack(">H", 17) + cstp(0, INNER))
            whole += [bytes([suite | flags, 4, kind, 0]) + cstp(0, INNER) for kind in (0, 20, 21, 22, 23)]
    return whole


# --- TCP ---

MSS, SCALE, SACK_OK, NOP = b"\x02\x04\x05\xb4", b"\x03\x03\x07", b"\x04\x02", b"\x01"
TIMES = b"\x08\x0a" + struct.pack(">II", 1000, 0)


def sack(*blocks: tuple[int, int]) -> bytes:
    return bytes([5, 2 + 8 * len(blocks)]) + b"".join(struct.pack(">II", *block) for block in blocks)


def tcp_options() -> list[bytes]:
    return [MSS + SACK_OK + TIMES + NOP + SCALE, NOP + NOP + TIMES, NOP + NOP + sack((1, 2)),
            NOP + NOP + TIMES + NOP + NOP + sack((1, 2), (5, 9), (20, 30)),
            NOP + NOP + sack(*[(1, 2)] * 4), MSS + b"\0"]


FIN, SYN, RST, ACK = 1, 2, 4, 16


def tcp_segment() -> list[bytes]:
    """Sequence and acknowledgment numbers are sixteenths of a distance from what the endpoint sent last."""

    def segment(flags: int, size: int = 0, seq: int = 0, ack: int = 0, options: bytes = b"", window: int = 60000):
        return (bytes([1]) + struct.pack(">hhH", seq * 16, ack * 16, window) +
                bytes([flags, size, len(options) // 4]) + options)

    def call(what: int, amount: int) -> bytes:
        return bytes([160 + what, amount])  # 160 is a multiple of 8, the number of calls

    wait, send, consume, shutdown, release, abort, too_large = range(7)
    opened = segment(SYN, options=MSS + SACK_OK + TIMES + NOP + SCALE) + segment(ACK, options=NOP + NOP + TIMES)
    bare = segment(SYN, options=MSS) + segment(ACK)
    return [
        bare + segment(ACK, 100) + call(consume, 100) + segment(FIN | ACK) + call(shutdown, 0) + segment(ACK),
        bare + call(send, 200) + segment(ACK) + call(shutdown, 0) + segment(FIN | ACK) + call(wait, 255),
        bare + segment(ACK, 100, seq=200) + segment(ACK, 100, seq=400) + segment(ACK, 200) + call(consume, 250),
        bare + call(send, 255) + call(wait, 30) + segment(ACK, ack=-500) + call(wait, 40) + segment(ACK),
        bare + segment(ACK, window=0) + call(send, 100) + call(wait, 60) + segment(ACK, window=100) + segment(ACK),
        bare + call(send, 10) + call(release, 0) + segment(ACK, 50) + segment(FIN | ACK, 10) + call(wait, 255),
        bare + segment(ACK, 50) + segment(RST, seq=0), bare + call(abort, 0) + segment(ACK, 10),
        opened + call(send, 255) + segment(ACK, options=NOP + NOP + TIMES),
        bare + call(send, 255) + call(too_large, 100) + segment(ACK) + call(too_large, 0) + segment(ACK),
    ]


# --- ICMP: what routers say about packets that are too large ---


def icmp() -> list[bytes]:
    ports = bytes.fromhex("01bb9c4001020304")
    quote4 = bytes.fromhex("450005dc000040004006 0000 c0000201cb007105") + ports
    quote6 = (bytes.fromhex("6000000005b41140") + bytes.fromhex("20010db8000100000000000000000001") +
              bytes.fromhex("20010db8ffff00000000000000000005") + ports)
    udp4 = bytes.fromhex("450005dc000040004011 0000") + quote4[12:]
    messages = [(2, struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + quote)
                for mtu in (1400, 0, 68) for quote in (quote4, udp4)]
    messages += [(3, struct.pack(">BBHI", 2, 0, 0, mtu) + quote6) for mtu in (1400, 1280, 1000)]
    messages += [(2, struct.pack(">BBHI", 8, 0, 0, 7) + b"echo"), (3, struct.pack(">BBHI", 128, 0, 0, 7) + b"echo")]
    each = [bytes([kind, step, len(body)]) + body for kind, body in messages for step in (255, 9)]
    return each + [b"".join(each)]


# --- configuration ---

CONFIGURATION = b"""hostname lab-headend
dataplane
 workers 1-2
 simd 512
interface net_af_packet0,iface=veth0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface 0000:18:00.1
 nameif inside
 ip address 10.48.66.1 255.255.255.0
 mtu 9000
route outside 0.0.0.0 0.0.0.0 198.51.100.254
ip local pool VPN 10.10.10.1-10.10.10.254 mask 255.255.255.0
sysopt connection tcpmss 1380
ssl trust-point lab.pem
webvpn
 port 443
 enable outside
 anyconnect enable
 tunnel-group-list enable
group-policy STAFF internal
group-policy STAFF attributes
 banner value Welcome
 dns-server value 10.48.66.2 10.48.66.3
 vpn-idle-timeout 30
 address-pools value VPN
 webvpn
  anyconnect mtu 1300
  anyconnect ssl df-bit-ignore enable
  anyconnect ssl rekey time 240
  anyconnect ssl rekey method ssl
  anyconnect dpd-interval gateway 30
tunnel-group STAFF type remote-access
tunnel-group STAFF general-attributes
 default-group-policy STAFF
tunnel-group STAFF webvpn-attributes
 group-alias Staff enable
username vpn password secret
username vpn attributes
 vpn-group-policy STAFF
logging trap informational
"""


def configuration() -> list[bytes]:
    lines = CONFIGURATION.splitlines(keepends=True)
    return [CONFIGURATION, b"no " + lines[0], CONFIGURATION.upper(), b"".join(lines[:7]), b"".join(lines[-10:]),
            b"! comment\n" + b"".join(b"no" + line if line[:1] == b" " else line for line in lines)]


def client() -> list[bytes]:
    """What a headend says: a form, an error, the end of the dialogue, and packets."""
    form = ('<form method="post" action="/staff"><input type="text" name="username"></input>'
            '<input type="hidden" name="token" value="7"/><select name="group_list"><option value="a" selected="true">A'
            "</option><option>B</option></select></form>")
    error = '<error id="88" param1="no" param2="">Login failed: %s</error>'
    return [
        envelope("auth-request", f'{OPAQUE}<auth id="main"><message>Please</message>{error}{form}</auth>'),
        envelope("complete", '<session-token>0123</session-token><auth id="success"><banner>Hello</banner></auth>'),
        envelope("auth-request", "<client-cert-request></client-cert-request>"),
        cstp(0, INNER), cstp(3), cstp(5, b"\x00bye"), b"10.48.66.0/255.255.255.0", b"10.0.0.0/8",
    ]


def legacy_handshake() -> list[bytes]:
    """Hello, ChangeCipherSpec and Finished of openconnect in the older DTLS, with the id that the target has."""
    body = (b"\x01\0" + b"\x11" * 32 + b"\x20" + b"\xa5" * 32 +
            bytes.fromhex("000002002f0100 000f00230000ff01000100001c00024000"))
    message = b"\x01" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    hello = b"\x16\x01\0" + bytes(8) + struct.pack(">H", len(message)) + message
    ccs = bytes.fromhex("14010000000000000000010003010001")
    finished = bytes.fromhex("16010000010000000000000040") + b"\x5a" * 64
    datagrams = [bytes([len(one)]) + one for one in (hello, ccs + finished)]
    finished_message = bytes.fromhex("1400000c000200000000000c") + b"\x5a" * 12
    return [b"\0" + b"".join(datagrams), b"\x01" + b"".join(datagrams[::-1]), b"\x02" + finished_message,
            b"\0" + message, b"\0" + body]


def replay() -> list[bytes]:
    """Frames with tags, labels, fragments, extension headers, quoted packets, ARP and neighbour discovery."""
    macs = bytes.fromhex("020000000002020000000001")
    ip4 = bytes.fromhex("4500002400070000401100000a010203c000024d") + bytes.fromhex("03e807d0001000ff") + bytes(8)
    error = bytes.fromhex("45000040000700004001000 00a010203c000024d0304000000000514".replace(" ", "")) + ip4
    ip6 = bytes.fromhex("6000000000200040") + bytes.fromhex("20010db8") + bytes(27) + b"\x01"
    options, part = bytes.fromhex("2c00010400000000"), bytes.fromhex("1100000100000007")
    neighbour = bytes.fromhex("6000000000183aff") + bytes(32) + bytes.fromhex("8700000000000000") + bytes(16)
    arp = bytes.fromhex("0001080006040001") + bytes(20)
    frames = [macs + b"\x08\0" + ip4, macs + b"\x81\0\0\x05\x08\0" + ip4, macs + b"\x08\0" + error,
              macs + b"\x88\xa8\0\x01\x81\0\0\x02\x86\xdd" + ip6 + options + part + ip4[20:],
              macs + b"\x88\x47\0\x01\x01\x40" + ip4, macs + b"\x86\xdd" + neighbour, macs + b"\x08\x06" + arp]
    return [bytes([what]) + frame for what in (0x03, 0x1d, 0x7f) for frame in frames]


def crowd_setup() -> list[bytes]:
    """A ServerHello and an alert in clear; a log-in of two forms and one by cookie; DTLS's first answer."""
    def reply(body: bytes, header: str = "") -> bytes:
        return f"HTTP/1.1 200 OK\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def form(name: str, kind: str) -> bytes:
        return reply(f'<config-auth client="vpn" type="auth-request">{OPAQUE}<auth id="main"><form action="/auth">'
                     f'<input type="{kind}" name="{name}"/></form></auth></config-auth>'.encode())

    done = reply(b'<config-auth type="complete"><auth id="success"/></config-auth>', "Set-Cookie: webvpn=0123ABCD\r\n")
    common = ("HTTP/1.1 200 CONNECTED\r\nX-CSTP-Address: 10.48.66.7\r\nX-CSTP-Address-IP6: fd00::7/64\r\n"
              "X-CSTP-MTU: 1406\r\nX-DTLS-MTU: 1390\r\nX-CSTP-DPD: 30\r\nX-CSTP-Keepalive: 20\r\nX-DTLS-Port: 443\r\n")
    grants = [(common + extra + "\r\n").encode() for extra in
              ("X-DTLS-App-ID: 00ff\r\n", "X-DTLS-Session-ID: 00ff\r\nX-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n")]
    hello = b"\x03\x03" + b"\x11" * 32 + b"\0\xc0\x30\0\0\0"
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello
    body = b"\xfe\xff" + b"\x04" + b"\x22" * 4
    verify = b"\x03" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    datagram = b"\x16\xfe\xff" + bytes(8) + struct.pack(">H", len(verify)) + verify
    return [b"\0\x16" + bytes([len(message)]) + message, b"\0\x15\x02\x02\x28",
            b"\x01" + b"\0".join([form("username", "text"), form("password", "password"), done, grants[0]]),
            *(b"\x02" + grant for grant in grants),
            *(mode + bytes([len(datagram)]) + datagram for mode in (b"\x03", b"\x04"))]


TARGETS = {
    "client_fuzz": client,
    "config_fuzz": configuration,
    "crowd_setup_fuzz": crowd_setup,
    "cstp_fuzz": cstp_targets,
    "dtls_fuzz": dtls,
    "http_fuzz": http,
    "icmp_fuzz": icmp,
    "legacy_handshake_fuzz": legacy_handshake,
    "replay_fuzz": replay,
    "tcp_options_fuzz": tcp_options,
    "tcp_segment_fuzz": tcp_segment,
    "tls_record_fuzz": tls_record,
    "xml_fuzz": lambda: DOCUMENTS,
}


def write(folder: Path) -> None:
    for target, seeds in TARGETS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / target / f"seed-{number:03}").write_bytes(seed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(Path(sys.argv[1]))
