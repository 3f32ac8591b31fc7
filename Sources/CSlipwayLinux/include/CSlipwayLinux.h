// GNU and Linux calls that Swift's Glibc module does not show; used by SlipwayLocalEngine only.
#pragma once
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// posix_spawn flag: the child leads a session of its own.
extern const short slipway_spawn_setsid;

/// The child starts in `path`.
int slipway_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path);

/// The child gets no file descriptor from `first` on.
int slipway_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// Gives the first `length` bytes of a file back to the disk; they read as zeros afterwards. 0 on success.
int slipway_punch_hole(int file, off_t length);

/// Takes room on the disk for `length` bytes from `offset` on; the file's size stays. 0 on success.
int slipway_reserve(int file, off_t offset, off_t length);

/// Copies a whole file into an empty one: by sharing its blocks where the file system can. 0 on success.
int slipway_copy_file(int source, int target);

/// Whether the file at `path` is there and is not kept in memory.
int slipway_is_on_disk(const char *path);

/// A pipe that is closed on exec. 0 on success.
int slipway_pipe(int ends[2]);

// MARK: Processes with namespaces of their own

/// Namespaces a launch can ask for.
extern const uint64_t slipway_mount_namespace, slipway_process_namespaces, slipway_network_namespace,
    slipway_user_namespace;

/// What one step of a launch does; the first failing one ends it.
enum slipway_step_kind {
    /// Writes `source` to the file `target`.
    slipway_step_write,
    /// Makes the directory `target` and its parents, with `mode` and `owner`.
    slipway_step_directory,
    /// Makes the empty file `target`.
    slipway_step_file,
    /// Makes `target` a link to `source`.
    slipway_step_link,
    /// Mounts as mount(2) does.
    slipway_step_mount,
    /// Shows what is at `source` at `target`.
    slipway_step_bind,
    /// No mount made from here on is seen outside, nor one made outside seen here.
    slipway_step_private_mounts,
    /// Only the own control group and what is below is seen.
    slipway_step_hide_groups,
    /// Turns the loopback interface on.
    slipway_step_loopback,
    /// `target` becomes the root, and nothing else is left.
    slipway_step_root,
};

struct slipway_step {
    enum slipway_step_kind kind;
    const char *source;
    const char *target;
    /// File system and its options.
    const char *type;
    const char *options;
    /// -1 leaves the owner.
    int owner;
    mode_t mode;
    /// Whether nothing can be written to what is mounted.
    int is_read_only;
    /// Whether the launch goes on when the step fails.
    int is_optional;
};

/// What the first process gives up before it runs the command.
enum {
    /// It stays as the first process of its namespace: reaps, passes signals on and ends with the command.
    slipway_first_stays = 1,
    /// It takes the user and group of the launch.
    slipway_first_changes_user = 2,
    /// It makes do with the system calls of the filter.
    slipway_first_filters_calls = 4,
    /// It drops every capability for good.
    slipway_first_drops_privileges = 8,
    /// It waits for a byte from the gate, and ends when the gate closes without one.
    slipway_first_waits = 16,
};

struct slipway_launch {
    uint64_t namespaces;
    /// Open network namespace to enter; -1 stays in the own one, or in a new one of `namespaces`.
    int network;
    const struct slipway_step *steps;
    size_t count;
    /// File for standard input; -1 for nothing to read.
    int input;
    /// File for standard output and error.
    int output;
    /// Socket or pipe that the first process waits for; -1 for none.
    int gate;
    /// Of `slipway_make_first_process`.
    int first_process;
    const char *directory;
    /// Argument vector of the first process; ends with NULL.
    char *const *arguments;
    char *const *environment;
};

struct slipway_launch_failure {
    /// The step; the number of steps when the first process cannot be run.
    size_t step;
    /// 0 when there was none.
    int error;
};

/// The program of first processes, as an open file; -1 with errno.
int slipway_make_first_process(void);

/// Starts a process in a session and in namespaces of its own. Its pid, or -1 with errno and `failure`.
pid_t slipway_start(const struct slipway_launch *launch, struct slipway_launch_failure *failure);

/// Gives what was freed back to the system, from every heap of the process. Takes milliseconds.
void slipway_trim_memory(void);

/// Bytes that were freed and not yet taken again, in all heaps of the process, given back or not.
size_t slipway_free_memory(void);

// MARK: Programs in a network of a replica

/// Makes a network namespace that lasts as long as the open file that is returned; -1 with errno. Root only.
int slipway_make_network(void);

struct slipway_visit {
    /// Open network namespace; -1 stays in the own one.
    int network;
    /// The user namespace that owns it; -1 for the own one.
    int user;
    /// Files for standard input, and for standard output and error.
    int input, output;
    /// Argument vector with the path of the program first, and environment; both end with NULL.
    char *const *arguments;
    char *const *environment;
};

/// Starts a program of the machine in a network namespace, with the right to configure that. Its pid, or -1 with errno.
pid_t slipway_start_visit(const struct slipway_visit *visit);
