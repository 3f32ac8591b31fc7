"""Reads the machine by its devices and the kernel's own files."""
import os

from attempt import attempt, called, held, opened

DEVICES = ("mem", "kmsg", "port", "sda", "vda", "nvme0n1", "loop-control", "loop0", "fuse", "kvm", "net/tun", "vhost-vsock",
           "mapper/control", "uinput", "cpu/0/msr", "hwrng", "snapshot")


def run(target):
    found = {name: attempt(opened, "/dev/" + name, os.O_RDWR) for name in DEVICES}
    found["made"] = attempt(os.mknod, "/tmp/disk", 0o60600, os.makedev(8, 0))
    for path in ("/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/timer_list", "/sys/kernel/debug/sched", "/sys/firmware/acpi"):
        said = attempt(held, path) if not os.path.isdir(path) else "a directory"
        found[path] = said if said else "nothing"
    found["kernel log"] = called("klogctl", 3, bytes(64), 64)
    return found


def twin(target):
    os.write(os.open("/dev/null", os.O_WRONLY), b"x")
    same = held("/dev/urandom") == held("/dev/urandom")
    return "works" if not same and os.open("/dev/shm", os.O_RDONLY) >= 0 else "does not"
