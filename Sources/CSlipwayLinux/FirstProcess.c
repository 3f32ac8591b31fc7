// The first process of a replica: gives up what it may do, starts the command and waits for its end.
//
// It must not be a copy of the server, whose memory holds secrets, and should cost nothing; so it is a program of
// its own, of a few pages. The functions of the section `slipway_first` are its whole text: they call and refer to
// nothing outside of it, and `slipway_make_first_process` puts an ELF header before them.
#define _GNU_SOURCE
#include "CSlipwayLinux.h"
#include "Private.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// Where the program is loaded, and how far from there its filter is: the code is shorter.
#define BASE 0x10000000UL
#define CODE_OFFSET 0x200UL
#define FILTER_OFFSET 0x4000UL
#define PAGE 0x10000UL

/// Unoptimised, so that no constant moves to another section and no loop becomes a call of memset.
#define FIRST                                                                                                  \
    __attribute__((section("slipway_first"), used, noinline, optnone, no_stack_protector,                     \
                   disable_sanitizer_instrumentation, no_profile_instrument_function, visibility("hidden")))

/// Codes it ends with when it cannot go on, above all when it cannot give something up.
enum { cannot_change_user = 120, cannot_filter = 121, cannot_fork = 122, not_wanted = 123, cannot_execute = 127 };

/// Where `slipway_start` puts the gate.
enum { gate = 3 };

#if defined(__x86_64__)
#define MACHINE EM_X86_64
__attribute__((naked, section("slipway_first"), used, visibility("hidden"))) void slipway_first_entry(void) {
    __asm__("xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call slipway_first_main\n hlt");
}

FIRST static long call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth __asm__("r10") = d;
    // The fifth argument of prctl must be 0 for some of its calls.
    register long fifth __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
__attribute__((naked, section("slipway_first"), used, visibility("hidden"))) void slipway_first_entry(void) {
    __asm__("mov x29, #0\n mov x30, #0\n mov x0, sp\n bl slipway_first_main\n brk #0");
}

FIRST static long call(long number, long a, long b, long c, long d) {
    register long code __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = 0;
    __asm__ volatile("svc #0"
                     : "+r"(first)
                     : "r"(code), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                     : "memory");
    return first;
}
#else
#error "first processes are written for x86_64 and aarch64"
#endif

FIRST static long number_of(const char *text) {
    long value = 0;
    for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
    return value;
}

FIRST static void leave(long code) {
    for (;;) call(__NR_exit_group, code, 0, 0, 0);
}

FIRST static void drop_bounds(void) {
    // Fails after the last capability, and at once for who may not.
    for (long capability = 0; call(__NR_prctl, PR_CAPBSET_DROP, capability, 0, 0) == 0; capability++) {
    }
}

FIRST static void drop_privileges(void) {
    call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
    struct __user_cap_header_struct header;
    header.version = _LINUX_CAPABILITY_VERSION_3;
    header.pid = 0;
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++) {
        data[i].effective = 0;
        data[i].permitted = 0;
        data[i].inheritable = 0;
    }
    call(__NR_capset, (long)&header, (long)data, 0, 0);
}

/// A server that is killed between the start of a process and its record closes the gate with its death: nothing
/// runs that no record names.
FIRST static void wait_at_gate(void) {
    char byte;
    for (;;) {
        long count = call(__NR_read, gate, (long)&byte, 1, 0);
        if (count == 1) return;
        if (count != -EINTR) leave(not_wanted);
    }
}

FIRST static void give_up(long user, long parts) {
    struct rlimit none;
    none.rlim_cur = 0;
    none.rlim_max = 0;
    call(__NR_prlimit64, 0, RLIMIT_CORE, (long)&none, 0);
    // Older kernels lack the first call.
    if (call(__NR_close_range, 3, ~0U, 0, 0) != 0) {
        for (long file = 3; file < 65536; file++) call(__NR_close, file, 0, 0, 0);
    }
    if (parts & slipway_first_changes_user) {
        if (call(__NR_setgroups, 0, 0, 0, 0) != 0 || call(__NR_setresgid, user, user, user, 0) != 0) {
            leave(cannot_change_user);
        }
    }
    // What one is bound to does not take away what one has yet.
    if (parts & slipway_first_drops_privileges) drop_bounds();
    if (parts & slipway_first_changes_user && call(__NR_setresuid, user, user, user, 0) != 0) {
        leave(cannot_change_user);
    }
    if (parts & slipway_first_drops_privileges) drop_privileges();
    call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0);
    if (call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0) != 0) leave(cannot_filter);
    if (parts & slipway_first_filters_calls) {
        struct sock_fprog program;
        program.len = *(unsigned short *)(BASE + FILTER_OFFSET);
        program.filter = (struct sock_filter *)(BASE + FILTER_OFFSET + sizeof(struct sock_filter));
        if (call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0) != 0) leave(cannot_filter);
    }
}

FIRST static void run(char **command, char **environment) {
    unsigned long none = 0;
    call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof none);
    call(__NR_execve, (long)command[0], (long)command, (long)environment, 0);
    leave(cannot_execute);
}

/// What asks a server to end or to do something, passed on to the command's process group.
FIRST static int is_passed_on(long number) {
    return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT || number == SIGUSR1
           || number == SIGUSR2;
}

/// Everything whose parent has ended is a child of this process; the end of the command ends all of it.
FIRST static void wait_for(long command) {
    // Signals have been blocked since before this program began: none is lost, and none does anything by itself.
    unsigned long all = ~0UL;
    char information[128];
    for (;;) {
        long number = call(__NR_rt_sigtimedwait, (long)&all, (long)information, 0, sizeof all);
        if (is_passed_on(number)) call(__NR_kill, -command, number, 0, 0);
        if (number != SIGCHLD) continue;
        for (;;) {
            int status = 0;
            long ended = call(__NR_wait4, -1, (long)&status, WNOHANG, 0);
            if (ended <= 0) break;
            if (ended != command) continue;
            int signal = status & 0x7F;
            leave(signal == 0 ? (status >> 8) & 0xFF : 128 + signal);
        }
    }
}

/// Arguments: a name, the user, the parts of `slipway_first_…`, then the command.
FIRST void slipway_first_main(long *stack) {
    char **arguments = (char **)(stack + 1);
    char **environment = arguments + stack[0] + 1;
    long parts = number_of(arguments[2]);
    if (parts & slipway_first_waits) wait_at_gate();
    give_up(number_of(arguments[1]), parts);
    if (!(parts & slipway_first_stays)) run(arguments + 3, environment);
    long command = call(__NR_clone, SIGCHLD, 0, 0, 0);
    if (command < 0) leave(cannot_fork);
    if (command == 0) {
        call(__NR_setpgid, 0, 0, 0, 0);
        run(arguments + 3, environment);
    }
    // Both sides set it, so that no signal comes between.
    call(__NR_setpgid, command, command, 0, 0);
    wait_for(command);
}

// MARK: In the server

extern const char __start_slipway_first[] __attribute__((visibility("hidden")));
extern const char __stop_slipway_first[] __attribute__((visibility("hidden")));

static int write_all(int file, const void *bytes, size_t count, off_t offset) {
    return pwrite(file, bytes, count, offset) == (ssize_t)count ? 0 : -1;
}

static int write_program(int file) {
    size_t length = (size_t)(__stop_slipway_first - __start_slipway_first);
    struct sock_filter filter[slipway_longest_filter + 1];
    memset(filter, 0, sizeof filter);
    size_t count = slipway_write_filter(filter + 1);
    *(unsigned short *)filter = (unsigned short)count;
    size_t end = FILTER_OFFSET + (count + 1) * sizeof filter[0];
    if (CODE_OFFSET + length > FILTER_OFFSET) {
        errno = E2BIG;
        return -1;
    }
    Elf64_Ehdr header;
    memset(&header, 0, sizeof header);
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = MACHINE;
    header.e_version = EV_CURRENT;
    header.e_entry = BASE + CODE_OFFSET + (size_t)((const char *)slipway_first_entry - __start_slipway_first);
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    Elf64_Phdr segments[2];
    memset(segments, 0, sizeof segments);
    segments[0].p_type = PT_LOAD;
    segments[0].p_flags = PF_R | PF_X;
    segments[0].p_vaddr = segments[0].p_paddr = BASE;
    segments[0].p_filesz = segments[0].p_memsz = end;
    segments[0].p_align = PAGE;
    segments[1].p_type = PT_GNU_STACK;
    segments[1].p_flags = PF_R | PF_W;
    return write_all(file, &header, sizeof header, 0) || write_all(file, segments, sizeof segments, sizeof header)
                   || write_all(file, __start_slipway_first, length, CODE_OFFSET)
                   || write_all(file, filter, (count + 1) * sizeof filter[0], FILTER_OFFSET)
               ? -1
               : 0;
}

int slipway_make_first_process(void) {
    // Newer kernels may want to be told that a file in memory will be run; older ones do not know the flag.
    const unsigned runnable = 0x10;
    int file = memfd_create("slipway-first", MFD_CLOEXEC | MFD_ALLOW_SEALING | runnable);
    if (file < 0) file = memfd_create("slipway-first", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    int opened = -1;
    if (write_program(file) == 0 && fchmod(file, 0500) == 0
        && fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) {
        // What is open for writing cannot be run.
        char path[64];
        const char *prefix = "/proc/self/fd/";
        size_t length = strlen(prefix);
        memcpy(path, prefix, length);
        char digits[12];
        int count = 0;
        for (int rest = file; rest > 0 || count == 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
        while (count > 0) path[length++] = digits[--count];
        path[length] = 0;
        opened = open(path, O_RDONLY | O_CLOEXEC);
    }
    int error = errno;
    close(file);
    errno = error;
    return opened;
}
