"""Makes processes without end."""
import os, signal


def run(target):
    made = []
    try:
        while len(made) < 6000:
            pid = os.fork()
            if pid == 0:
                signal.pause()
            made.append(pid)
    except OSError:
        pass
    for pid in made:
        os.kill(pid, signal.SIGKILL)
    for pid in made:
        os.waitpid(pid, 0)
    return len(made)
