"""Takes more of the disk than it may, and waits to be found."""
import os, time


def run(target):
    for index in range(target["files"]):
        file = os.open(os.path.join(target["place"], f"filler-{index}"), os.O_RDWR | os.O_CREAT)
        os.posix_fallocate(file, 0, target["bytes"])
        os.close(file)
    time.sleep(target["seconds"])
    return "filled"
