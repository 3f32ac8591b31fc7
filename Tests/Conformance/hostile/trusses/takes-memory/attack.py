"""Takes memory without end."""
import mmap


def run(target):
    taken = []
    for _ in range(target["MiB"] // 64):
        taken.append(mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        for offset in range(0, 64 << 20, 4096):
            taken[-1][offset] = 1
    return len(taken)


def twin(target):
    """A part of it may be had."""
    return "works" if len(bytearray(64 << 20)) == 64 << 20 else "does not"
