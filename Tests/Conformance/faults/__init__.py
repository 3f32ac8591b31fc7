"""Faults between the real server and its machine: a preloaded library, steered by a file while the server runs.

    library = faults.build(directory)                  # once
    faulty = faults.Faults(directory / "f", library)   # one per server
    server = Server(data, port, environment=faulty.environment()).start()
    faulty.set("sync fail EIO", "write fail ENOSPC path=/blobs/")
    faulty.clear()
    before = faulty.count("sync")
    faulty.seen()                                      # calls the first rule concerned since it was set

A rule is `KIND ACTION [NTH] [path=PART]`:

    sync kill-before 17     SIGKILL before the 17th fsync or fdatasync from now
    sync kill-after 17      ... after it
    sync delay-ms 500       every sync takes 500 ms longer
    sync fail EIO           every sync fails; `sync fail EIO 3` only the third from now
    clock offset-s 3600     the wall clock is an hour ahead (monotonic clocks are left alone)

Kinds: sync (fsync, fdatasync), write (write, writev, pwrite to regular files other than the process's output),
rename, unlink, mkdir, open (for writing), spawn (posix_spawn, clone, fork), clock. `path=PART` limits a rule to paths that
hold PART (for a rename the new one, for a spawn the program); counting of NTH begins when the rules were set, and is
of the calls the rule concerns. Every `set` replaces all rules, and the next call that is intercepted sees them. A
rule that cannot be read ends the server at once.

The library does its work only in a program named `slipway` (or the name given to `Faults`): a shell before it and
what it starts are left alone.
"""

import os
import pathlib
import struct
import subprocess

KINDS = ("sync", "write", "rename", "unlink", "mkdir", "open", "spawn", "clock")
MOST_RULES = 16
SOURCE = pathlib.Path(__file__).with_name("shim.c")


def build(directory):
    """Compiles the library below `directory` and returns its path."""
    library = pathlib.Path(directory) / "faults.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return library


class Faults:
    """The rules of one server and the counts of its calls. The counts go on over restarts of the server."""

    def __init__(self, control, library, program="slipway"):
        self.control = pathlib.Path(control)
        self.library = library
        self.program = program
        self.set()

    def environment(self, **more):
        """For `harness.Server(environment=...)`."""
        return {
            **os.environ, "LD_PRELOAD": str(self.library), "SLIPWAY_FAULTS": str(self.control),
            "SLIPWAY_FAULTS_PROGRAM": self.program, **more,
        }  # fmt: skip

    def set(self, *rules):
        """Replaces all rules."""
        # A new file each time: its number tells the library, whatever the clock does.
        new = self.control.with_name(self.control.name + ".new")
        new.write_text("".join(f"{rule}\n" for rule in rules))
        os.replace(new, self.control)

    def clear(self):
        self.set()

    def count(self, kind):
        """Calls of a kind so far, failed ones included."""
        return self.counts()[kind]

    def counts(self):
        return dict(zip(KINDS, self.counters()))

    def seen(self, rule=0):
        """Calls that a rule concerned since it was set, a deadly one included; valid after the first such call.

        Rules are counted from 0 in the order they were set, those about the clock left out.
        """
        return self.counters()[len(KINDS) + rule]

    def counters(self):
        count = len(KINDS) + MOST_RULES
        try:
            data = self.control.with_name(self.control.name + ".counters").read_bytes()
        except FileNotFoundError:
            return (0,) * count
        return struct.unpack(f"={count}Q", data[: 8 * count])
