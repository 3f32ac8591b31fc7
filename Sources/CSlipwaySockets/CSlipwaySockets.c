#define _GNU_SOURCE
#include "include/CSlipwaySockets.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
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

int slipway_epoll_add_shared(int epoll, int file, uint64_t tag) {
    return add(epoll, file, tag, EPOLLIN | EPOLLEXCLUSIVE);
}

int slipway_epoll_remove(int epoll, int file) { return epoll_ctl(epoll, EPOLL_CTL_DEL, file, 0); }

int slipway_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int slipway_accept(int listener, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    return accept4(listener, (struct sockaddr *)address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void slipway_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

ssize_t slipway_send_files(int socket, const void *bytes, size_t length, const int *files, int count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * slipway_most_files)];
    } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > slipway_most_files) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), files, sizeof(int) * count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t slipway_receive_files(int socket, void *bytes, size_t length, int *files, int *count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * slipway_most_files)];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    *count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        *count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(files, CMSG_DATA(header), sizeof(int) * *count);
    }
    return received;
}

pid_t slipway_peer(int socket) {
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}
