"""Fills memory by files that no process holds: what the limit of processes does not see."""
import os

from attempt import attempt


def run(target):
    block = bytes(8 << 20)
    with open("/dev/shm/filler", "wb") as file:
        for _ in range(target["MiB"] // 8):
            file.write(block)
    return "filled"


def twin(target):
    from multiprocessing import shared_memory

    block = shared_memory.SharedMemory(create=True, size=16 << 20)
    block.buf[0] = 1
    block.close()
    block.unlink()
    return "works"
