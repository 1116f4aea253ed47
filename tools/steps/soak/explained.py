"""Which of the soak's own doings explains which drop of the headend's. A reason that is not here, or more of it than
the doings can have caused, fails the soak by name."""

from dataclasses import dataclass

from . import doings as did


@dataclass(frozen=True)
class Explanation:
    doings: tuple[str, ...]  # one of them at least must have been done
    sentence: str
    each: int = 0            # so many at most for each time that one was done; 0: as many as the network makes of it


CAME_BACK = (did.RECONNECTS, did.ROAMS, did.REKEYS, did.OWN)
GONE = (did.KILLED, did.SILENCED, did.DETACHED)
ENDED = (*GONE, did.LOGOUTS, *CAME_BACK)
OTHERS = (did.CALLS, did.GARBAGE, did.HALF_HANDSHAKES, did.BAD_REQUESTS, did.WRONG_PASSWORDS, did.BROKEN_RECORDS,
          did.BROKEN_FRAMES)
ABORTED = (*OTHERS, *ENDED)

EXPLANATIONS: dict[str, Explanation] = {
    # Layers 2 and 3
    "no-adjacency": Explanation((did.KNOCKS, did.FORGED), "answers to senders that do not exist"),
    "cv-protocol-not-served": Explanation((did.LAB,), "the kernels' MLD reports, of which the headend has no need", 20),
    "cv-icmp-ignored": Explanation((did.GARBAGE_UDP, did.DTLS_LOGINS), "ICMP: an answer came to a closed socket"),
    # TCP to the box
    "tcp-not-syn": Explanation((did.FORGED, *ABORTED), "segments of connections that are no more, or never were"),
    "cv-tcp-reset-limit": Explanation((did.FORGED, *ABORTED), "the same, many in a second or while a worker is behind"),
    "cv-syn-shed": Explanation((did.KNOCKS, *ABORTED), "SYNs while the backlog was full and a worker behind"),
    "tcp-3whs-failed": Explanation((did.KNOCKS, did.LOST, *OTHERS), "handshakes that came to nothing"),
    "tcp-rst-syn-in-win": Explanation((did.KNOCKS, *ABORTED), "resets that others' segments had overtaken"),
    "tcp-seq-past-win": Explanation((did.FORGED, did.LOST, *ABORTED), "probes, resets and what was sent twice"),
    "tcp-acked": Explanation((did.LOST,), "data sent again because its acknowledgement was lost"),
    "tcp-invalid-ack": Explanation((did.KNOCKS, did.FORGED), "acknowledgements of what was never sent"),
    "tcp-paws-fail": Explanation((did.LOST,), "old segments that come late"),
    "tcp-dup-in-queue": Explanation((did.LOST,), "data sent again though it waits behind a gap"),
    "tcp-buffer-full": Explanation((did.LOST,), "more behind a gap than may wait"),
    "cv-tcp-runs": Explanation((did.LOST,), "more gaps than may be"),
    "np-socket-closed": Explanation(ABORTED, "data for a connection that the headend has closed"),
    # Tunnels
    "mp-svc-no-channel": Explanation(ENDED, "packets for a client between two tunnels"),
    "mp-svc-no-session": Explanation(ENDED, "packets for a client that has gone for good"),
    "mp-svc-flow-control": Explanation((did.LOST, *ENDED), "more from the server than the lossy path takes"),
    "mp-svc-delete-in-progress": Explanation(ENDED, "what was on its way when a tunnel ended"),
    "mp-svc-no-fragment": Explanation((did.DTLS_LOGINS,), "packets of the DTLS tunnel's size while TLS carries"),
    "mp-svc-bad-framing": Explanation((did.BROKEN_FRAMES,), "frames without their magic bytes", 1),
    "mp-svc-bad-length": Explanation((did.BROKEN_FRAMES,), "frames of a wrong length", 1),
    "mp-svc-unknown-type": Explanation((did.BROKEN_FRAMES,), "frames of no known type", 1),
    "mp-svc-decompres-error": Explanation((did.BROKEN_FRAMES,), "frames said to be compressed", 1),
    "cv-inner-malformed": Explanation((did.BROKEN_FRAMES,), "data that is no packet", 1),
    "ssl-first-record-invalid": Explanation((did.GARBAGE,), "garbage where TLS should begin", 1),
    "ssl-record-decrypt-error": Explanation((did.BROKEN_RECORDS,), "records with a wrong tag", 1),
    # DTLS
    "cv-dtls-short": Explanation((did.GARBAGE_UDP,), "datagrams too short", 3),
    "cv-dtls-malformed": Explanation((did.GARBAGE_UDP,), "datagrams that are no record", 3),
    "cv-dtls-unknown": Explanation((did.GARBAGE_UDP, did.DTLS_LOGINS), "records of tunnels that are no more"),
    "cv-dtls-epoch": Explanation((did.DTLS_LOGINS,), "records of a handshake sent again after its end"),
    "cv-dtls-bad-tag": Explanation((did.DTLS_LOGINS,), "records of a client's last tunnel from the same port"),
    # Flows
    "svc-replacement-conn": Explanation(CAME_BACK, "a client back before its old tunnel was gone", 1),
    "dtls-hello-close": Explanation((did.DTLS_LOGINS,), "DTLS handshakes"),
    "ssl-handshake-failed": Explanation((*OTHERS, *GONE), "handshakes left half done", 1),
    "ssl-received-close-alert": Explanation((*ENDED, *OTHERS), "connections closed as TLS has it"),
}
