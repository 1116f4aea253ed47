"""tools/check after the installation: runs the phases in order and counts."""

import argparse
import sys
import time
import traceback

from . import phases
from .build import BuildError
from .console import step
from .results import Results


def main() -> int:
    parser = argparse.ArgumentParser(prog="check", add_help=False)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", nargs="+", choices=[phase.name for phase in phases.ALL], metavar="NAME")
    arguments = parser.parse_args()

    start = time.monotonic()
    total = Results()
    for phase in phases.ALL:
        if arguments.only and phase.name not in arguments.only:
            continue
        if phase.full_only and not arguments.full and not arguments.only:
            continue
        with step(phase.title) as progress:
            total += run(phase, progress, arguments.full)
    print(f"All in all {(time.monotonic() - start) / 60:.1f} minutes.")
    print(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures or not total.passed else 0


def run(phase: phases.Phase, progress, full: bool) -> Results:
    """A phase that breaks as a whole is one failure, with its reason."""
    try:
        results = phase.run(progress, full)
    except Exception as error:
        results = Results()
        known = isinstance(error, (BuildError, OSError))
        results.fail(phase.name, str(error) if known else traceback.format_exc())
    progress.outcome = f"{results.passed} passed, {len(results.failures)} failed"
    progress.below = [failure.text() for failure in results.failures]
    return results


if __name__ == "__main__":
    sys.exit(main())
