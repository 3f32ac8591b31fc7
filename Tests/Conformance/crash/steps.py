"""One fixed scenario, killed at each of its syncs in turn: before the disk has what was written, and right after."""

import pathlib
import signal
import threading
import time

import faults

from .ledger import Violation
from .run import Torture

# What has not come by then needs no sync any more.
QUIET = 1.0


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
        """Syncs of one run without faults."""
        before = self.faults.count("sync")
        self.scenario()
        time.sleep(QUIET)
        return self.faults.count("sync") - before

    def killed_at(self, number, side):
        """Runs the scenario with a death at a sync, restarts and compares. Returns whether that sync was reached."""
        anchors = self.anchor_replicas()
        for owner in self.owners:
            owner.call.fresh()
        self.faults.set(f"sync kill-{side} {number}")
        died = []
        watching = threading.Thread(target=lambda: died.append((self.server.process.wait(), time.monotonic())), daemon=True)
        watching.start()
        begun = time.monotonic()
        self.scenario()
        watching.join(timeout=QUIET)
        reached = self.is_dead()
        self.faults.clear()
        if reached:
            watching.join()
            if died[0][0] != -signal.SIGKILL:
                raise Violation(f"the server ended by itself: {died[0][0]}\n{self.tail()}")
            self.kills += 1
            # The caller sees the end a moment before or after this process does.
            self.died = max(begun, died[0][1] - 1)
        else:
            self.kill()
        self.revive()
        self.compare(anchors)
        return reached


def all_steps(directory, port, numbers, say=print):
    """Kills before and after the syncs that `numbers` chooses of their count. Returns figures."""
    run = Steps(directory, port)
    reached = 0
    try:
        run.build()
        count = run.measure()
        chosen = numbers(count)
        say(f"{count} syncs, killed at {chosen}")
        for number in chosen:
            for side in ("before", "after"):
                reached += run.killed_at(number, side)
        figures = run.finish()
        return {
            "crash_scenario_syncs": (count, "syncs"), "crash_syncs_killed_at": (reached, "kills"),
            **{name.replace("crash_", "crash_steps_", 1): value for name, value in figures.items()},
        }  # fmt: skip
    finally:
        run.clean_up()
