// Starts processes in namespaces of their own. Between clone and exec the child shares the server's memory while
// the calling thread waits, as with vfork: it only makes system calls, and a failing one is told through memory.
#define _GNU_SOURCE
#include "CSlipwayLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const uint64_t slipway_mount_namespace = CLONE_NEWNS;
const uint64_t slipway_process_namespaces = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
const uint64_t slipway_network_namespace = CLONE_NEWNET;
const uint64_t slipway_user_namespace = CLONE_NEWUSER;

/// Of a child: paths are the largest things on it.
enum { stack_size = 128 << 10 };

#define CHILD __attribute__((disable_sanitizer_instrumentation, no_stack_protector))

// MARK: Steps; each returns 0, or -1 with errno

CHILD static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = 0;
    while (text[length]) length++;
    ssize_t count = write(file, text, length);
    int error = errno;
    close(file);
    errno = error;
    return count == (ssize_t)length ? 0 : -1;
}

CHILD static int make_one(const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0 || errno == EEXIST) return 0;
    // A file system that cannot be written to says so before it says that the directory is there.
    int error = errno;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return 0;
    errno = error;
    return -1;
}

CHILD static int make_directory(const struct slipway_step *step) {
    char path[4096];
    size_t length = 0;
    for (; step->target[length]; length++) {
        if (length + 1 >= sizeof path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (length > 0 && step->target[length] == '/') {
            path[length] = 0;
            if (make_one(path, 0755) != 0) return -1;
        }
        path[length] = step->target[length];
    }
    path[length] = 0;
    if (make_one(path, step->mode) != 0) return -1;
    if (step->owner >= 0 && chown(path, (uid_t)step->owner, (gid_t)step->owner) != 0) return -1;
    return step->mode & 07000 ? chmod(path, step->mode) : 0;
}

CHILD static int make_file(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return file < 0 ? -1 : close(file);
}

/// As the kernel's `struct mount_attr`.
struct mount_attributes {
    uint64_t set, clear, propagation, user_namespace;
};

CHILD static int make_read_only(const char *path) {
    struct mount_attributes attributes = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
    const long mount_setattr = 442;
    if (syscall(mount_setattr, AT_FDCWD, path, 0x8000 /* AT_RECURSIVE */, &attributes, sizeof attributes) == 0) {
        return 0;
    }
    // Before Linux 5.12: the mount itself only, with the flags it has, which a user namespace may not take away.
    struct statfs status;
    if (statfs(path, &status) != 0) return -1;
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
    if (status.f_flags & 2) flags |= MS_NOSUID;
    if (status.f_flags & 4) flags |= MS_NODEV;
    if (status.f_flags & 8) flags |= MS_NOEXEC;
    if (status.f_flags & 1024) flags |= MS_NOATIME;
    if (status.f_flags & 2048) flags |= MS_NODIRATIME;
    if (status.f_flags & 4096) flags |= MS_RELATIME;
    return mount(0, path, 0, flags, 0);
}

CHILD static int mount_at(const struct slipway_step *step) {
    int result = step->kind == slipway_step_bind
                     ? mount(step->source, step->target, 0, MS_BIND | MS_REC, 0)
                     : mount(step->source, step->target, step->type, MS_NOSUID | MS_NODEV, step->options);
    return result == 0 && step->is_read_only ? make_read_only(step->target) : result;
}

CHILD static int turn_loopback_on(void) {
    int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0) return -1;
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(file, SIOCSIFFLAGS, &request);
    int error = errno;
    close(file);
    errno = error;
    return result;
}

CHILD static int change_root(const char *path) {
    if (chdir(path) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    // The old root lies over the new one now.
    return umount2(".", MNT_DETACH) != 0 ? -1 : chdir("/");
}

CHILD static int take(const struct slipway_step *step) {
    switch (step->kind) {
    case slipway_step_write: return write_file(step->target, step->source);
    case slipway_step_directory: return make_directory(step);
    case slipway_step_file: return make_file(step->target);
    case slipway_step_link: return symlink(step->source, step->target);
    case slipway_step_mount:
    case slipway_step_bind: return mount_at(step);
    case slipway_step_private_mounts: return mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
    case slipway_step_hide_groups: return unshare(CLONE_NEWCGROUP);
    case slipway_step_loopback: return turn_loopback_on();
    case slipway_step_root: return change_root(step->target);
    }
    errno = EINVAL;
    return -1;
}

// MARK: The child

struct start {
    const struct slipway_launch *launch;
    struct slipway_launch_failure *failure;
};

/// Handlers of the server would run in its memory; the kernel's own call knows every signal.
CHILD static void reset_signals(void) {
    unsigned long standard[4] = {0, 0, 0, 0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, standard, 0, 8);
}

/// Standard files, and the gate as file 3. What closes on exec is of no interest: the first process closes the rest.
CHILD static int connect_files(const struct slipway_launch *launch) {
    int input = launch->input >= 0 ? launch->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0 || dup2(input, 0) < 0 || dup2(launch->output, 1) < 0 || dup2(launch->output, 2) < 0) return -1;
    if (launch->gate < 0) return 0;
    int gate = dup(launch->gate);
    return gate < 0 || dup2(gate, 3) < 0 || fcntl(3, F_SETFD, 0) != 0 ? -1 : 0;
}

CHILD static int child(void *argument) {
    const struct start *start = argument;
    const struct slipway_launch *launch = start->launch;
    struct slipway_launch_failure *failure = start->failure;
    reset_signals();
    setsid();
    umask(022);
    size_t index = launch->count;
    // Out of the way of file 3.
    int program = fcntl(launch->first_process, F_DUPFD_CLOEXEC, 16);
    // Before the first mount: /sys shows the network it was mounted in.
    if (launch->network >= 0 && setns(launch->network, CLONE_NEWNET) != 0) goto failed;
    if (program < 0 || connect_files(launch) != 0) goto failed;
    for (index = 0; index < launch->count; index++) {
        if (take(&launch->steps[index]) != 0 && !launch->steps[index].is_optional) goto failed;
    }
    if (chdir(launch->directory) != 0) goto failed;
    // Who is not root inside has its capabilities until it runs a program.
    if (launch->namespaces & CLONE_NEWUSER) {
        for (int capability = 0; syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {
        }
    }
    syscall(SYS_execveat, program, "", launch->arguments, launch->environment, AT_EMPTY_PATH);
failed:
    failure->step = index;
    failure->error = errno;
    _exit(127);
}

/// Runs `body` as vfork does, with every signal blocked. The pid, or -1 with errno.
static pid_t run_child(int (*body)(void *), void *argument, int flags) {
    char *stack = mmap(0, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t pid = clone(body, stack + stack_size, CLONE_VM | CLONE_VFORK | flags, argument);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, 0);
    munmap(stack, stack_size);
    errno = error;
    return pid;
}

static void wait_for(pid_t pid, int options) {
    while (waitpid(pid, 0, options) < 0 && errno == EINTR) {
    }
}

pid_t slipway_start(const struct slipway_launch *launch, struct slipway_launch_failure *failure) {
    struct start start = {launch, failure};
    failure->step = 0;
    failure->error = 0;
    pid_t pid = run_child(child, &start, (int)launch->namespaces | SIGCHLD);
    if (pid < 0) {
        failure->step = launch->count;
        failure->error = errno;
    }
    if (failure->error == 0) return pid;
    if (pid > 0) wait_for(pid, 0);
    errno = failure->error;
    return -1;
}

// MARK: Programs in a network of a replica

/// Runs in a namespace of its own and leaves it as an open file in the files that it shares with the server.
CHILD static int open_network(void *argument) {
    int *file = argument;
    *file = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    _exit(0);
}

int slipway_make_network(void) {
    int file = -1;
    pid_t pid = run_child(open_network, &file, CLONE_NEWNET | CLONE_FILES | SIGCHLD);
    if (pid > 0) wait_for(pid, 0);
    return file;
}

struct visitor {
    const struct slipway_visit *visit;
    int error;
};

/// The owner of a user namespace has every capability in it until it runs a program; ambient ones stay.
CHILD static int keep_network_capability(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    unsigned bit = 1u << CAP_NET_ADMIN;
    struct __user_cap_data_struct data[2] = {{bit, bit, bit}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    return (int)syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

CHILD static int visit_child(void *argument) {
    struct visitor *visitor = argument;
    const struct slipway_visit *visit = visitor->visit;
    reset_signals();
    setsid();
    sigset_t none;
    sigemptyset(&none);
    if (dup2(visit->input, 0) < 0 || dup2(visit->output, 1) < 0 || dup2(visit->output, 2) < 0) goto failed;
    if (visit->user >= 0 && setns(visit->user, CLONE_NEWUSER) != 0) goto failed;
    if (visit->network >= 0 && setns(visit->network, CLONE_NEWNET) != 0) goto failed;
    if (visit->user >= 0 && keep_network_capability() != 0) goto failed;
    // Older kernels lack it; files of this process close on exec anyway.
    syscall(SYS_close_range, 3, ~0U, 0);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
    execve(visit->arguments[0], visit->arguments, visit->environment);
failed:
    visitor->error = errno;
    _exit(127);
}

pid_t slipway_start_visit(const struct slipway_visit *visit) {
    struct visitor visitor = {visit, 0};
    pid_t pid = run_child(visit_child, &visitor, SIGCHLD);
    if (visitor.error == 0) return pid;
    if (pid > 0) wait_for(pid, 0);
    errno = visitor.error;
    return -1;
}
