#include "CSlipwayAssets.h"

// The compiler reads the files itself: no generated code, and nothing to install beside the program.
static const unsigned char app_css[] = {
#embed "files/app.css"
};
static const unsigned char app_js[] = {
#embed "files/app.js"
};
static const unsigned char times_js[] = {
#embed "files/times.js"
};
static const unsigned char live_js[] = {
#embed "files/live.js"
};
static const unsigned char logs_js[] = {
#embed "files/logs.js"
};
static const unsigned char icon_svg[] = {
#embed "files/icon.svg"
};

static const struct slipway_asset assets[] = {
    {"app.css", app_css, sizeof app_css},   {"app.js", app_js, sizeof app_js},
    {"times.js", times_js, sizeof times_js}, {"live.js", live_js, sizeof live_js},
    {"logs.js", logs_js, sizeof logs_js},   {"icon.svg", icon_svg, sizeof icon_svg},
};

struct slipway_asset slipway_asset_at(size_t number) {
    if (number < sizeof assets / sizeof assets[0]) return assets[number];
    return (struct slipway_asset){NULL, NULL, 0};
}
