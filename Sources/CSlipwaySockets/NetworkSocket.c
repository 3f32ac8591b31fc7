// Sockets of another network namespace. A socket belongs for good to the namespace it was made in, whoever uses it: a
// child that shares this process's memory and table of files enters the namespace, makes the socket and ends.
#define _GNU_SOURCE
#include "include/CSlipwaySockets.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { stack_size = 32 << 10 };

#define CHILD __attribute__((disable_sanitizer_instrumentation, no_stack_protector))

struct request {
    int network, user;
    int family;
    /// Set for a socket that listens.
    const struct sockaddr *address;
    socklen_t length;
    int backlog;
    int result, error;
};

CHILD static int enter(int network, int user) {
    // The user namespace that owns the network first: the rights to enter it are there.
    if (user >= 0 && setns(user, CLONE_NEWUSER) != 0) return -1;
    return setns(network, CLONE_NEWNET);
}

CHILD static int make_socket(void *argument) {
    struct request *request = argument;
    request->result = -1;
    if (enter(request->network, request->user) == 0) {
        int file = socket(request->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int one = 1;
        // Low ports are bound by right of the namespace's owner, so here. Connections of a server before this one may
        // not be forgotten yet.
        if (file >= 0 && request->address
            && (setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0
                || bind(file, request->address, request->length) != 0 || listen(file, request->backlog) != 0)) {
            int error = errno;
            close(file);
            errno = error;
            file = -1;
        }
        request->result = file;
    }
    request->error = errno;
    _exit(0);
}

/// Runs `make_socket` as vfork does, with every signal blocked.
static int run(struct request *request) {
    char *stack = mmap(0, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    // Without a signal at its end it is no child to anyone who waits for children. That it enters a namespace whose
    // owner it is leaves the memory they share as it is: no ids change, and the owner had every capability before.
    pid_t pid = clone(make_socket, stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_FILES, request);
    int error = errno;
    if (pid > 0) {
        while (waitpid(pid, 0, __WCLONE) < 0 && errno == EINTR) {
        }
        error = request->error;
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
    munmap(stack, stack_size);
    errno = error;
    return pid < 0 ? -1 : request->result;
}

int slipway_socket_in(int network, int user, int family) {
    struct request request = {.network = network, .user = user, .family = family, .result = -1};
    return run(&request);
}

int slipway_listen_in(int network, int user, const struct sockaddr *address, socklen_t length, int backlog) {
    struct request request = {
        .network = network, .user = user, .family = address->sa_family, .address = address, .length = length,
        .backlog = backlog, .result = -1};
    return run(&request);
}
