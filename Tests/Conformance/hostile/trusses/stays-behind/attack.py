"""Leaves a process that would go on when the build is over."""
import os, time


def run(target):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for file in (0, 1, 2):
                os.dup2(os.open("/dev/null", os.O_RDWR), file)
            os.execv("/bin/sh", ["/bin/sh", "-c", f": {target['word']}; while :; do sleep 0.2; done"])
        os._exit(0)
    os.wait()
    time.sleep(0.2)
    return {}
