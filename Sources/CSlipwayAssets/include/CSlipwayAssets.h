// The dashboard's style sheet, scripts and icon as they lie in `files`, built into the program.

#ifndef C_SLIPWAY_ASSETS_H
#define C_SLIPWAY_ASSETS_H

#include <stddef.h>

struct slipway_asset {
    const char *name;
    const unsigned char *bytes;
    size_t count;
};

/// The file of a number from 0; one past the last has no name.
struct slipway_asset slipway_asset_at(size_t number);

#endif
