// GNU and Linux calls that Swift's Glibc module does not show; used by SlipwayLocalEngine only.
#pragma once
#include <spawn.h>
#include <sys/types.h>

/// posix_spawn flag: the child leads a session of its own.
extern const short slipway_spawn_setsid;

/// The child starts in `path`.
int slipway_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path);

/// The child gets no file descriptor from `first` on.
int slipway_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// Gives the first `length` bytes of a file back to the disk; they read as zeros afterwards. 0 on success.
int slipway_punch_hole(int file, off_t length);
