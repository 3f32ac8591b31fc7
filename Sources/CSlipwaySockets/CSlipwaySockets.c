#define _GNU_SOURCE
#include "include/CSlipwaySockets.h"

#include <pthread.h>
#include <sys/eventfd.h>

int slipway_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int add(int epoll, int file, uint64_t tag, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
}

int slipway_epoll_add_edges(int epoll, int file, uint64_t tag) {
    return add(epoll, file, tag, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

int slipway_epoll_add_level(int epoll, int file, uint64_t tag) { return add(epoll, file, tag, EPOLLIN); }

int slipway_epoll_remove(int epoll, int file) { return epoll_ctl(epoll, EPOLL_CTL_DEL, file, 0); }

int slipway_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int slipway_accept(int listener, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    return accept4(listener, (struct sockaddr *)address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void slipway_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
