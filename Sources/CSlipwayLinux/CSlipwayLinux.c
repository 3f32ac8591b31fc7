#define _GNU_SOURCE
#include "CSlipwayLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

const short slipway_spawn_setsid = POSIX_SPAWN_SETSID;

int slipway_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int slipway_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int slipway_punch_hole(int file, off_t length) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length);
}

int slipway_reserve(int file, off_t offset, off_t length) {
    return fallocate(file, FALLOC_FL_KEEP_SIZE, offset, length);
}

int slipway_copy_file(int source, int target) {
    if (ioctl(target, FICLONE, source) == 0) return 0;
    int is_first = 1;
    for (;;) {
        ssize_t count = copy_file_range(source, 0, target, 0, 1 << 30, 0);
        if (count == 0) return 0;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && is_first && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) break;
        if (count < 0) return -1;
        is_first = 0;
    }
    char buffer[1 << 16];
    for (;;) {
        ssize_t count = read(source, buffer, sizeof buffer);
        if (count == 0) return 0;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(target, buffer + done, (size_t)(count - done));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return -1;
            done += written;
        }
    }
}

int slipway_is_on_disk(const char *path) {
    struct statfs status;
    if (statfs(path, &status) != 0) return 0;
    return status.f_type != TMPFS_MAGIC && status.f_type != RAMFS_MAGIC && status.f_type != HUGETLBFS_MAGIC;
}

int slipway_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
