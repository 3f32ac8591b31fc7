// The filter of system calls for replicas and build commands: what a container engine refuses by default too.
// It names what is refused, so that programs nobody thought of run.
#define _GNU_SOURCE
#include "Private.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// The same on both; headers may be older than the kernel.
enum { call_open_tree_attr = 467, call_quotactl_fd = 443, call_mount_setattr = 442 };

/// Refused as if a privilege were lacking.
static const unsigned refused[] = {
    // Mounts and namespaces.
    __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_setns, __NR_open_tree, __NR_move_mount, __NR_fsopen,
    __NR_fsconfig, __NR_fsmount, __NR_fspick, call_mount_setattr, call_open_tree_attr,
    // Files past their paths.
    __NR_open_by_handle_at, __NR_name_to_handle_at, __NR_fanotify_init,
    // The kernel itself.
    __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_bpf, __NR_perf_event_open,
    __NR_userfaultfd, __NR_add_key, __NR_request_key, __NR_keyctl, __NR_syslog,
    // The machine.
    __NR_swapon, __NR_swapoff, __NR_reboot, __NR_settimeofday, __NR_clock_settime, __NR_clock_adjtime,
    __NR_adjtimex, __NR_quotactl, call_quotactl_fd, __NR_acct, __NR_vhangup, __NR_sethostname,
    __NR_setdomainname,
#ifdef __NR_kexec_file_load
    __NR_kexec_file_load,
#endif
#ifdef __NR_lookup_dcookie
    __NR_lookup_dcookie,
#endif
#ifdef __NR_nfsservctl
    __NR_nfsservctl,
#endif
#ifdef __x86_64__
    __NR_iopl, __NR_ioperm, __NR_uselib, __NR_sysfs, __NR__sysctl, __NR_create_module, __NR_get_kernel_syms,
    __NR_query_module,
#endif
};

/// Refused as if the kernel were too old: libraries fall back to calls that are filtered by their arguments, or
/// do without.
static const unsigned unknown[] = {__NR_clone3, __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register};

/// Kinds of sockets there are; everything else is for the machine's own networks.
static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static const unsigned namespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FIELD(name) ((unsigned)offsetof(struct seccomp_data, name))

struct writer {
    struct sock_filter *filter;
    size_t count;
};

static void put(struct writer *out, unsigned short code, unsigned value, unsigned char yes, unsigned char no) {
    out->filter[out->count++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct writer *out, unsigned field) { put(out, BPF_LD | BPF_W | BPF_ABS, field, 0, 0); }

static void answer(struct writer *out, unsigned verdict) { put(out, BPF_RET | BPF_K, verdict, 0, 0); }

/// Answers `verdict` when what was loaded equals `value`.
static void when(struct writer *out, unsigned value, unsigned verdict) {
    put(out, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(out, verdict);
}

/// For a call that is refused by flags in its first argument. The low half holds all of them on both machines.
static void when_flags(struct writer *out, unsigned call, unsigned flags) {
    put(out, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load(out, FIELD(args[0]));
    put(out, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    answer(out, SECCOMP_RET_ERRNO | EPERM);
    answer(out, SECCOMP_RET_ALLOW);
}

static void when_socket(struct writer *out, unsigned call) {
    unsigned char length = COUNT(families);
    put(out, BPF_JMP | BPF_JEQ | BPF_K, call, 0, (unsigned char)(length + 3));
    load(out, FIELD(args[0]));
    for (unsigned char i = 0; i < length; i++) {
        put(out, BPF_JMP | BPF_JEQ | BPF_K, families[i], (unsigned char)(length - i), 0);
    }
    answer(out, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    answer(out, SECCOMP_RET_ALLOW);
}

size_t slipway_write_filter(struct sock_filter *filter) {
    struct writer out = {filter, 0};
    load(&out, FIELD(arch));
    // Calls of other machines have other numbers.
    put(&out, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    answer(&out, SECCOMP_RET_KILL_PROCESS);
    load(&out, FIELD(nr));
#ifdef __x86_64__
    // Bit 30 marks the second set of numbers of this machine.
    put(&out, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    answer(&out, SECCOMP_RET_ERRNO | ENOSYS);
#endif
    for (size_t i = 0; i < COUNT(unknown); i++) when(&out, unknown[i], SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < COUNT(refused); i++) when(&out, refused[i], SECCOMP_RET_ERRNO | EPERM);
    when_flags(&out, __NR_clone, namespaces);
    when_flags(&out, __NR_unshare, namespaces | 0x80);
    when_socket(&out, __NR_socket);
    when_socket(&out, __NR_socketpair);
    answer(&out, SECCOMP_RET_ALLOW);
    return out.count;
}
