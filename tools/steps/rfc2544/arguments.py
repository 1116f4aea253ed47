"""The command line of tools/rfc2544; as a program it only says whether it can be understood."""

import argparse
import re
import sys
from pathlib import Path

from . import frames
from .rows import CHANNELS, DIRECTIONS, PLAIN

PAGE = "rfc2544.html"


def size(word: str) -> int | str:
    if word.upper() == frames.MIX_NAME:
        return frames.MIX_NAME
    if not word.isdigit() or not 64 <= int(word) <= 1518:
        raise argparse.ArgumentTypeError(f"'{word}' is no size: 64 to 1518 bytes, or {frames.MIX_NAME}")
    return int(word)


def cipher(word: str) -> str:
    channel, colon, name = word.partition(":")
    if channel not in CHANNELS or not colon or not name:
        raise argparse.ArgumentTypeError(f"'{word}' is no cipher such as dtls:ECDHE-RSA-AES128-GCM-SHA256 or "
                                         "tls:TLS_AES_128_GCM_SHA256")
    return word


def mac(word: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", word):
        raise argparse.ArgumentTypeError(f"'{word}' is no MAC address such as 02:00:00:00:00:10")
    return word


def check_outputs(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Now, and not after hours."""
    for option, name in (("--out", str(arguments.out)), ("--json", arguments.json)):
        path = Path(name)
        if name not in ("", "-") and (not path.parent.is_dir() or path.is_dir()):
            parser.error(f"{option}: {path} cannot be a file")


def divided(words: list[str]) -> tuple[list[str], list[str]]:
    """The command line, and behind -- what is more for culvert-replay."""
    return (words[:words.index("--")], words[words.index("--") + 1:]) if "--" in words else (words, [])


def parse_arguments(words: list[str]) -> argparse.Namespace:
    own, more = divided(words)
    parser = argparse.ArgumentParser(prog="rfc2544", add_help=False, allow_abbrev=False)
    parser.add_argument("--port")
    parser.add_argument("--receive")
    parser.add_argument("--sizes", nargs="+", type=size, default=[])
    parser.add_argument("--ciphers", nargs="+", type=cipher, default=[PLAIN])
    parser.add_argument("--directions", nargs="+", choices=DIRECTIONS, default=["there"])
    parser.add_argument("--mac", type=mac)
    parser.add_argument("--mac-back", type=mac)
    parser.add_argument("--from", dest="source", type=Path)
    parser.add_argument("--json", default="")
    parser.add_argument("--out", type=Path, default=Path(PAGE))
    parser.add_argument("--build")
    arguments = parser.parse_args(own)
    arguments.more = more
    if arguments.source and (arguments.port or arguments.receive or more or arguments.build):
        parser.error("--from shows what was measured: it goes with --json and --out only")
    if not arguments.source and not (arguments.port and arguments.receive):
        parser.error("--port and --receive are needed: the two ports beside the device under test")
    tunnels = arguments.ciphers != [PLAIN]
    if tunnels != ("--tunnel" in more):
        parser.error("--ciphers are of tunnels, and belong to -- --tunnel ADDRESS and what that wants")
    arguments.sizes = arguments.sizes or [*(frames.TUNNEL_SIZES if tunnels else frames.SIZES), frames.MIX_NAME]
    check_outputs(parser, arguments)
    return arguments


if __name__ == "__main__":
    parse_arguments(sys.argv[1:])
