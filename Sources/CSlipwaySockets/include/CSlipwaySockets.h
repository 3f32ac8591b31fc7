// Linux calls and constants that Swift's Glibc module does not show; used by SlipwaySockets only.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

/// Bits of `epoll_event.events`.
enum {
    slipway_readable = EPOLLIN,
    slipway_writable = EPOLLOUT,
    slipway_ended = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
    slipway_failed = EPOLLERR,
};

/// A new epoll instance, closed on exec; -1 with errno.
int slipway_epoll_create(void);

/// Reports every change of a stream socket once: readable, writable, ended. 0, or -1 with errno.
int slipway_epoll_add_edges(int epoll, int file, uint64_t tag);

/// Reports `file` as long as it is readable. 0, or -1 with errno.
int slipway_epoll_add_level(int epoll, int file, uint64_t tag);

/// The same for a file that other epoll instances watch too: not all of them are woken.
int slipway_epoll_add_shared(int epoll, int file, uint64_t tag);

/// Takes `file` out again. 0, or -1 with errno.
int slipway_epoll_remove(int epoll, int file);

/// A counter that wakes an epoll instance, non-blocking and closed on exec; -1 with errno.
int slipway_eventfd(void);

/// The next connection of a listening socket, non-blocking and closed on exec; -1 with errno.
int slipway_accept(int listener, struct sockaddr_storage *address);

/// Names the calling thread for debuggers; at most 15 characters.
void slipway_name_thread(const char *name);

/// Files that one message can carry.
enum { slipway_most_files = 128 };

/// Sends bytes over a Unix socket together with `count` open files. What was sent, or -1 with errno.
ssize_t slipway_send_files(int socket, const void *bytes, size_t length, const int *files, int count);

/// Receives bytes and the files that came with them, which are the caller's, closed on exec. `files` has room for
/// `slipway_most_files`. What was received, or -1 with errno.
ssize_t slipway_receive_files(int socket, void *bytes, size_t length, int *files, int *count);

/// The process at the other end of a Unix socket; 0 where it cannot be seen from here.
pid_t slipway_peer(int socket);

/// A non-blocking TCP socket inside a network namespace, given as an open file. `user` is the user namespace that owns
/// it, -1 for the own one. -1 with errno.
int slipway_socket_in(int network, int user, int family);

/// The same for a socket that is bound to `address` and listens.
int slipway_listen_in(int network, int user, const struct sockaddr *address, socklen_t length, int backlog);
