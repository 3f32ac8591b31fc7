// Faults put between the server and the C library, for tests: preloaded into the real binary, steered by a file.
// `faults/__init__.py` describes the rules and is the only one that writes them.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The order is that of KINDS in __init__.py.
enum kind { SYNC, WRITE, RENAME, UNLINK, MKDIR, OPEN, SPAWN, CLOCK, KINDS };
static const char *const kind_names[] = {"sync", "write", "rename", "unlink", "mkdir", "open", "spawn", "clock"};

enum action { KILL_BEFORE, KILL_AFTER, DELAY, FAIL, OFFSET };

struct rule {
    enum kind kind;
    enum action action;
    long value;      // an errno, milliseconds or seconds
    long nth;        // the one call it is about, counted from 1; 0 for every call
    char path[256];  // part of the path it is about; empty for any
    atomic_long seen;
};

enum { MOST_RULES = 16 };
static struct rule rules[MOST_RULES];
static int rule_count;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static const char *control;
static _Atomic(uint64_t) *counters;  // of each kind, then of each rule
static struct stat known;
static atomic_long clock_offset;
static int active;

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = next(#name)

struct error_name { const char *name; int number; };
static const struct error_name errors[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT}, {"EAGAIN", EAGAIN},
    {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"EACCES", EACCES}, {"EINTR", EINTR},
};

static int parse(char *line, struct rule *rule) {
    char *rest = NULL, *words[5];
    int count = 0;
    for (char *word = strtok_r(line, " \t\r\n", &rest); word && count < 5; word = strtok_r(NULL, " \t\r\n", &rest))
        words[count++] = word;
    if (count < 2) return 0;
    memset(rule, 0, sizeof *rule);
    if (strncmp(words[count - 1], "path=", 5) == 0)
        snprintf(rule->path, sizeof rule->path, "%s", words[--count] + 5);
    rule->kind = KINDS;
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(words[0], kind_names[i])) rule->kind = i;
    if (rule->kind == KINDS || count < 3) goto bad;
    if (!strcmp(words[1], "kill-before") || !strcmp(words[1], "kill-after")) {
        rule->action = !strcmp(words[1], "kill-before") ? KILL_BEFORE : KILL_AFTER;
        rule->nth = atol(words[2]);
        return 1;
    }
    if (!strcmp(words[1], "delay-ms") || !strcmp(words[1], "offset-s")) {
        rule->action = !strcmp(words[1], "delay-ms") ? DELAY : OFFSET;
        rule->value = atol(words[2]);
    } else if (!strcmp(words[1], "fail")) {
        rule->action = FAIL;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (!strcmp(words[2], errors[i].name)) rule->value = errors[i].number;
        if (!rule->value) goto bad;
    } else {
        goto bad;
    }
    if (count > 3) rule->nth = atol(words[3]);
    return 1;
bad:
    // A rule that does nothing would be a test that cannot fail.
    fprintf(stderr, "faults: bad rule for %s\n", words[0]);
    abort();
}

// Reads the rules again where the file is another one than before; counting starts anew then.
static void refresh(void) {
    struct stat now;
    if (stat(control, &now) != 0) return;
    if (now.st_ino == known.st_ino && now.st_mtim.tv_sec == known.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == known.st_mtim.tv_nsec && now.st_size == known.st_size)
        return;
    pthread_mutex_lock(&reading);
    pthread_rwlock_wrlock(&lock);
    char text[8192];
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        ssize_t size = read(file, text, sizeof text - 1);
        fstat(file, &now);
        syscall(SYS_close, file);
        text[size > 0 ? size : 0] = 0;
        long offset = 0;
        rule_count = 0;
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line && rule_count < MOST_RULES;
             line = strtok_r(NULL, "\n", &rest)) {
            if (!parse(line, &rules[rule_count])) continue;
            if (rules[rule_count].action == OFFSET) offset = rules[rule_count].value;
            else rule_count++;
        }
        for (int i = 0; i < rule_count; i++) atomic_store(&counters[KINDS + i], 0);
        atomic_store(&clock_offset, offset);
        known = now;
    }
    pthread_rwlock_unlock(&lock);
    pthread_mutex_unlock(&reading);
}

__attribute__((constructor)) static void begin(void) {
    control = getenv("SLIPWAY_FAULTS");
    const char *program = getenv("SLIPWAY_FAULTS_PROGRAM");
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (!control || size <= 0) return;
    self[size] = 0;
    // Only the server itself: not the shell that starts it, not what it starts.
    if (strcmp(strrchr(self, '/') + 1, program ? program : "slipway")) return;
    char path[4096];
    snprintf(path, sizeof path, "%s.counters", control);
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, 4096) != 0) abort();
    counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (counters == MAP_FAILED) abort();
    syscall(SYS_close, file);
    refresh();
    active = 1;
}

struct verdict { int error; int kill_after; };

static int concerns(const struct rule *rule, enum kind kind, const char *path) {
    return rule->kind == kind && (!rule->path[0] || (path && strstr(path, rule->path)));
}

// Counts a call and says what becomes of it; kills and waits itself.
static struct verdict judge(enum kind kind, const char *path) {
    struct verdict verdict = {0, 0};
    if (!active) return verdict;
    refresh();
    atomic_fetch_add(&counters[kind], 1);
    long delay = 0;
    pthread_rwlock_rdlock(&lock);
    for (int i = 0; i < rule_count; i++) {
        struct rule *rule = &rules[i];
        if (!concerns(rule, kind, path)) continue;
        long number = atomic_fetch_add(&rule->seen, 1) + 1;
        atomic_fetch_add(&counters[KINDS + i], 1);
        if (rule->nth && number != rule->nth) continue;
        switch (rule->action) {
        case KILL_BEFORE: kill(getpid(), SIGKILL); for (;;) pause();
        case KILL_AFTER: verdict.kill_after = 1; break;
        case DELAY: delay += rule->value; break;
        case FAIL: verdict.error = (int)rule->value; break;
        case OFFSET: break;
        }
    }
    pthread_rwlock_unlock(&lock);
    if (delay) {
        struct timespec time = {delay / 1000, delay % 1000 * 1000000};
        while (syscall(SYS_nanosleep, &time, &time) != 0 && errno == EINTR) {}
    }
    return verdict;
}

static void finish(struct verdict verdict) {
    if (verdict.kill_after) for (;;) { kill(getpid(), SIGKILL); pause(); }
}

#define FAULTY(kind, path, call) \
    struct verdict verdict = judge(kind, path); \
    if (verdict.error) { errno = verdict.error; return -1; } \
    __typeof__(call) result = call; \
    int saved = errno; \
    finish(verdict); \
    errno = saved; \
    return result

static const char *path_of(int file, char *buffer, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, buffer, size - 1);
    buffer[length > 0 ? length : 0] = 0;
    return buffer;
}

int fsync(int file) {
    REAL(fsync);
    char path[4096];
    FAULTY(SYNC, active ? path_of(file, path, sizeof path) : NULL, real(file));
}
int fdatasync(int file) {
    REAL(fdatasync);
    char path[4096];
    FAULTY(SYNC, active ? path_of(file, path, sizeof path) : NULL, real(file));
}

// Only regular files, and never the process's own output.
static int is_file(int file) {
    struct stat info;
    return active && file > 2 && fstat(file, &info) == 0 && S_ISREG(info.st_mode);
}

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(write);
    if (!is_file(file)) return real(file, bytes, count);
    char path[4096];
    FAULTY(WRITE, path_of(file, path, sizeof path), real(file, bytes, count));
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(writev);
    if (!is_file(file)) return real(file, parts, count);
    char path[4096];
    FAULTY(WRITE, path_of(file, path, sizeof path), real(file, parts, count));
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    if (!is_file(file)) return real(file, bytes, count, offset);
    char path[4096];
    FAULTY(WRITE, path_of(file, path, sizeof path), real(file, bytes, count, offset));
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    REAL(pwrite64);
    if (!is_file(file)) return real(file, bytes, count, offset);
    char path[4096];
    FAULTY(WRITE, path_of(file, path, sizeof path), real(file, bytes, count, offset));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    FAULTY(RENAME, to, real(from, to));
}
int unlink(const char *path) {
    REAL(unlink);
    FAULTY(UNLINK, path, real(path));
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    FAULTY(MKDIR, path, real(path, mode));
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

#define OPENING(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!active || !writes(flags)) return real(path, flags, mode); \
        FAULTY(OPEN, path, real(path, flags, mode)); \
    }
OPENING(open)
OPENING(open64)

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    REAL(posix_spawn);
    struct verdict verdict = judge(SPAWN, path);
    if (verdict.error) return verdict.error;
    int result = real(pid, path, actions, attributes, argv, envp);
    finish(verdict);
    return result;
}
pid_t fork(void) {
    REAL(fork);
    FAULTY(SPAWN, NULL, real());
}

int clone(int (*body)(void *), void *stack, int flags, void *argument, ...) {
    REAL(clone);
    va_list rest;
    va_start(rest, argument);
    pid_t *parent = va_arg(rest, pid_t *);
    void *storage = va_arg(rest, void *);
    pid_t *child = va_arg(rest, pid_t *);
    va_end(rest);
    // One that shares memory and files makes a socket in another network and is no process of its own.
    if (flags & CLONE_VM && flags & CLONE_FILES) return real(body, stack, flags, argument, parent, storage, child);
    FAULTY(SPAWN, NULL, real(body, stack, flags, argument, parent, storage, child));
}

static long offset_now(void) {
    if (!active) return 0;
    refresh();
    return atomic_load(&clock_offset);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset_now();
    return result;
}
int gettimeofday(struct timeval *time, void *zone) {
    REAL(gettimeofday);
    int result = real(time, zone);
    if (result == 0) time->tv_sec += offset_now();
    return result;
}
time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
