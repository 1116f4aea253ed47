"""Where things are. CULVERT_BUILD names the build tree under test, so that the sanitizer build runs the same tests."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("CULVERT_BUILD", "build")
CULVERTD = BUILD / "control" / "culvertd"
CULVERTCTL = BUILD / "tools" / "culvertctl"
CULVERT_CLIENT = BUILD / "tools" / "culvert-client"
TCP_PEER = BUILD / "tests" / "dataplane" / "tcp_peer"
CROWD_PEER = BUILD / "tests" / "tools" / "crowd_peer"
LAB = ROOT / "tools" / "lab"
TUNNEL_SCRIPT = ROOT / "tools" / "tunnel-script"
