// Regular expressions in time linear in the text: the part of RE2 that searches logs, for Swift.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled pattern; may be used by several threads at once.
typedef struct slipway_pattern slipway_pattern;

/// Compiles `text`, which is UTF-8. Returns NULL for what is no pattern of RE2 or takes too much memory; then `reason`
/// holds why, with a zero at its end.
slipway_pattern *slipway_pattern_make(const char *text, size_t length, char *reason, size_t reason_size);

/// Whether the pattern is found anywhere in `text`.
bool slipway_pattern_finds(const slipway_pattern *pattern, const char *text, size_t length);

void slipway_pattern_free(slipway_pattern *pattern);

#ifdef __cplusplus
}
#endif
