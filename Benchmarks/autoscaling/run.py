"""The core's autoscaling against recorded loads: waits, replica time, and a plot of each."""

import os
import pathlib
import subprocess

here = pathlib.Path(__file__).resolve().parent
root = here.parents[1]
subprocess.run(["swift", "build", "-c", "release", "--product", "autoscaling-simulation"], cwd=root, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
program = pathlib.Path(os.environ["SLIPWAY_BINARY"]).with_name("autoscaling-simulation")
subprocess.run([program, here / "shapes", root / ".build" / "plots"], check=True)
