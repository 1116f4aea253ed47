"""The command line of tools/bench-line; as a program it only says whether it can be understood."""

import argparse
import sys
from pathlib import Path

from steps.rfc2544 import frames
from steps.rfc2544.arguments import check_outputs, cipher, divided, size
from steps.rfc2544.rows import DIRECTIONS

PAGE = "bench-line.html"
# One of each kind: a record each datagram, and TCP with records in its stream.
CIPHERS = ("dtls:ECDHE-RSA-AES128-GCM-SHA256", "dtls:ECDHE-RSA-AES128-SHA256", "tls:TLS_AES_128_GCM_SHA256")
QUICK = ("--trial", "0.5", "--trial-sum", "5", "--width", "0.02", "--sustain-time", "3")


def parse_arguments(words: list[str]) -> argparse.Namespace:
    own, more = divided(words)
    parser = argparse.ArgumentParser(prog="bench-line", add_help=False, allow_abbrev=False)
    parser.add_argument("--sizes", nargs="+", type=size, default=[64, 512, frames.TUNNEL_LARGEST, frames.MIX_NAME])
    parser.add_argument("--ciphers", nargs="*", type=cipher, default=list(CIPHERS))
    parser.add_argument("--directions", nargs="+", choices=DIRECTIONS, default=["there", "back"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", default="")
    parser.add_argument("--out", type=Path, default=Path(PAGE))
    parser.add_argument("--build")
    arguments = parser.parse_args(own)
    arguments.more = more
    if arguments.repeat < 1:
        parser.error("--repeat is at least 1")
    check_outputs(parser, arguments)
    return arguments


if __name__ == "__main__":
    parse_arguments(sys.argv[1:])
