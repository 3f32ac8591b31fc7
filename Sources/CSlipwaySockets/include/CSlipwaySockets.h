// Linux calls and constants that Swift's Glibc module does not show; used by SlipwaySockets only.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

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

/// Takes `file` out again. 0, or -1 with errno.
int slipway_epoll_remove(int epoll, int file);

/// A counter that wakes an epoll instance, non-blocking and closed on exec; -1 with errno.
int slipway_eventfd(void);

/// The next connection of a listening socket, non-blocking and closed on exec; -1 with errno.
int slipway_accept(int listener, struct sockaddr_storage *address);

/// Names the calling thread for debuggers; at most 15 characters.
void slipway_name_thread(const char *name);
