// Shared by the files of this target.
#pragma once
#include <linux/filter.h>
#include <stddef.h>

/// Writes the filter of system calls; the count of instructions, at most `slipway_longest_filter`.
size_t slipway_write_filter(struct sock_filter *filter);

enum { slipway_longest_filter = 512 };
