#include "CSlipwayRE2.h"

#include <re2/re2.h>

#include <cstdio>
#include <memory>
#include <new>

struct slipway_pattern {
    RE2 expression;

    slipway_pattern(const re2::StringPiece &text, const RE2::Options &options) : expression(text, options) {}
};

slipway_pattern *slipway_pattern_make(const char *text, size_t length, char *reason, size_t reason_size) {
    RE2::Options options;
    options.set_log_errors(false);
    // Of the compiled program and the states it keeps: a log line needs little, and many searches run at once.
    options.set_max_mem(4 << 20);
    std::unique_ptr<slipway_pattern> pattern(
        new (std::nothrow) slipway_pattern(re2::StringPiece(text, length), options));
    if (pattern && pattern->expression.ok()) return pattern.release();
    snprintf(reason, reason_size, "%s", pattern ? pattern->expression.error().c_str() : "out of memory");
    return nullptr;
}

bool slipway_pattern_finds(const slipway_pattern *pattern, const char *text, size_t length) {
    return RE2::PartialMatch(re2::StringPiece(text, length), pattern->expression);
}

void slipway_pattern_free(slipway_pattern *pattern) { delete pattern; }
