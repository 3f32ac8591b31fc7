#define _GNU_SOURCE
#include "CSlipwayLinux.h"
#include <fcntl.h>
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

int slipway_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
