"""Tries what only an administrator may do."""
import ctypes, errno, os


def run(target):
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name, *arguments):
        ctypes.set_errno(0)
        return errno.errorcode.get(ctypes.get_errno(), "unknown") if getattr(libc, name)(*arguments) < 0 else None

    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines())
    tried = {
        "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None), "umount": call("umount2", b"/usr", 2),
        "chroot": call("chroot", b"/tmp"), "setuid": call("setuid", 0), "unshare": call("unshare", 0x10000000),
        "hostname": call("sethostname", b"mine", 4), "mknod": call("mknod", b"/tmp/disk", 0o60600, os.makedev(8, 0)),
    }
    return {"tried": tried, "status": {key: value.strip() for key, value in status.items()}}
