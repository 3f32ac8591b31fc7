"""The same with a file that has no name any more."""
import os, time


def run(target):
    file = os.open(os.path.join(target["place"], "filler"), os.O_RDWR | os.O_CREAT)
    os.unlink(os.path.join(target["place"], "filler"))
    os.posix_fallocate(file, 0, target["bytes"])
    time.sleep(target["seconds"])
    return "filled"
