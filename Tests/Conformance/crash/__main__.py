"""The long run from the command line.

    python -m crash --kills 200 --seed 7     from Tests/Conformance; `scripts/torture.sh` does it
"""

import argparse
import random
import shutil
import sys
import tempfile

from harness import BINARY

from .run import torture
from .steps import all_steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--port", type=int, default=18350)
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    parser.add_argument("--steps", action="store_true", help="die at every sync and write of one scenario")
    parser.add_argument("--every", type=int, default=1, help="with --steps: only each such write")
    options = parser.parse_args()
    # Not below a private directory: in plain mode a replica's user has to reach it.
    directory = tempfile.mkdtemp(prefix="crash-")
    print(f"seed {options.seed}, in {directory}, {BINARY}", flush=True)
    try:
        if options.steps:
            figures = all_steps(directory, options.port, options.every)
        else:
            figures = torture(options.kills, options.seed, options.port, directory)
    except BaseException:
        print(f"seed {options.seed}; the journal and the data are in {directory}", file=sys.stderr)
        raise
    if not options.keep:
        shutil.rmtree(directory)
    for name, (value, unit) in figures.items():
        print(f"figure {name} {value} {unit}")


main()
