"""One fixed scenario, killed at each of its syncs and writes in turn: before the disk has it, and right after."""

import pathlib
import signal
import threading
import time

import faults

from .ledger import Violation
from .run import Torture

# What has not come by then needs no sync any more.
QUIET = 1.0
# The calls a server can die at, and which of them: every sync, and every write to the database or its log.
KINDS = {"sync": "", "write": " path=slipway.sqlite"}
# A later run of the scenario has fewer calls than the first, where things are there already.
MOST_RUNS = 5


class Steps(Torture):
    """A torture whose server can die of faults, while its first owner does the same every time."""

    def __init__(self, directory, port, seed=0, owners=3, callers=2):
        directory = pathlib.Path(directory)
        library = faults.build(directory)
        self.faults = faults.Faults(directory / "rules", library)
        super().__init__(directory, port, seed, owners, callers, environment=self.faults.environment())

    def scenario(self):
        """Push, promote, scale, asynchronous work, a live patch, deletion. Ends early when the server is dead."""
        owner = self.owners[0]
        for name in ("push", "make_environment", "promote", "change_settings", "submit", "push_development",
                     "put_secret", "cancel_promotion", "deactivate", "activate"):  # fmt: skip
            if self.is_dead():
                return
            getattr(owner, name)()
        # Only a development deployment that was built has a state to start from.
        deadline = time.monotonic() + 8
        while not self.is_dead() and time.monotonic() < deadline and not self.is_described(owner):
            time.sleep(0.05)
        for name in ("patch", "sync", "submit", "delete_deployment", "delete_environment", "delete_secret"):
            if self.is_dead():
                return
            if owner.model:
                getattr(owner, name)()
        if not self.is_dead() and owner.model and owner.random.random() < 0.3:
            owner.delete_model()

    def is_described(self, owner):
        if "development" not in owner.deployments:
            return True
        state = owner.call("GET", f"{owner.patches}/state")
        return state and state.body["running_patch_point"]

    def is_dead(self):
        return self.server.process.poll() is not None

    def measure(self):
        """Calls of each kind in one run without faults."""
        self.faults.set(*(f"{kind} delay-ms 0{part}" for kind, part in KINDS.items()))
        self.scenario()
        time.sleep(QUIET)
        counts = {kind: self.faults.seen(rule) for rule, kind in enumerate(KINDS)}
        self.faults.clear()
        return counts

    def killed_at(self, kind, number, side):
        """Runs the scenario until the server dies at its `number`th call of a kind, restarts and compares."""
        anchors = self.anchor_replicas()
        for owner in self.owners:
            owner.call.fresh()
        self.faults.set(f"{kind} kill-{side} {number}{KINDS[kind]}")
        died = []
        watching = threading.Thread(target=lambda: died.append((self.server.process.wait(), time.monotonic())), daemon=True)
        watching.start()
        begun = time.monotonic()
        for _ in range(MOST_RUNS):
            self.scenario()
            watching.join(timeout=QUIET)
            if self.is_dead():
                break
        else:
            raise Violation(f"{self.faults.seen()} calls of {kind} in {MOST_RUNS} runs, and not {number}")
        self.faults.clear()
        watching.join()
        if died[0][0] != -signal.SIGKILL or self.faults.seen() < number:
            raise Violation(f"the server ended by itself: {died[0][0]}\n{self.tail()}")
        self.kills += 1
        # The caller sees the end a moment before or after this process does.
        self.died = max(begun, died[0][1] - 1)
        self.revive()
        self.compare(anchors)


def all_steps(directory, port, every, say=print):
    """Kills before and after each sync, and each `every`th write, of the scenario's first run. Returns figures."""
    run = Steps(directory, port)
    figures = {}
    try:
        run.build()
        for kind, count in run.measure().items():
            step = every if kind == "write" else 1
            numbers = range(1, count + 1, step)
            say(f"{count} calls of {kind}; killed before and after {len(numbers)}, every {step}.", flush=True)
            for number in numbers:
                for side in ("before", "after"):
                    run.killed_at(kind, number, side)
                say(f"{kind} {number}: {run.kills} kills, {run.verified} writes verified", flush=True)
            figures[f"crash_scenario_{kind}s"] = count, f"{kind}s"
            figures[f"crash_{kind}s_killed_at"] = 2 * len(numbers), "kills"
        finished = run.finish()
        return {**figures, **{name.replace("crash_", "crash_steps_", 1): value for name, value in finished.items()}}
    finally:
        run.clean_up()
