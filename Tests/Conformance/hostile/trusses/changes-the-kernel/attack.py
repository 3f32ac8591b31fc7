"""Changes settings of the kernel, which are the whole machine's."""
from attempt import attempt, called, held, written

PATHS = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
         "/proc/sys/vm/overcommit_memory", "/proc/sys/fs/file-max", "/proc/sys/net/ipv4/ip_forward",
         "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/net/ipv4/conf/all/route_localnet", "/proc/sysrq-trigger",
         "/sys/power/state", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/self/uid_map", "/proc/1/oom_score_adj",
         "/proc/irq/default_smp_affinity")


def run(target):
    found = {path: attempt(written, path, "1") for path in PATHS}
    found["clock"] = called("settimeofday", bytes(16), None)
    found["reboot"] = called("reboot", 0x89ABCDEF)
    found["swap"] = called("swapoff", b"/swapfile")
    return found


def twin(target):
    """Libraries read some of them."""
    return "works" if held("/proc/sys/kernel/ostype").strip() == "Linux" and held("/proc/meminfo") else "does not"
