"""Which build tree is the release build: build/, unless somebody made that for other purposes; then build-release/.

Prints the folder, for the tools that are shell scripts; what is to be said goes to standard error.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USUAL, OWN = "build", "build-release"


def misfit(tree: Path) -> str:
    """What makes a configured tree no release build, in a few words; "" if it is one or is not configured."""
    done = subprocess.run(["meson", "introspect", "--buildoptions", tree], capture_output=True, text=True)
    if done.returncode != 0:
        return ""  # Nothing there, or nothing whole: it is set up anew.
    option = {each["name"]: each["value"] for each in json.loads(done.stdout)}
    if option.get("b_sanitize", "none") != "none":
        return f"sanitizers: {option['b_sanitize']}"
    if option.get("optimization") not in ("2", "3"):
        return f"optimization {option.get('optimization')}"
    if option.get("b_coverage"):
        return "coverage"
    return ""


def main() -> None:
    why = misfit(ROOT / USUAL)
    if why:
        print(f"{USUAL}/ is no release build ({why}): {OWN}/ is used.", file=sys.stderr)
    print(OWN if why else USUAL)


if __name__ == "__main__":
    main()
