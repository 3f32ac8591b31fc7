"""Puts the program into the wheel, which is then for machines like the one it was made on."""

import os
import platform

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Program(BuildHookInterface):
    def initialize(self, version, build_data):
        binary = os.environ.get("SLIPWAY_BINARY")
        if not binary:
            raise ValueError("SLIPWAY_BINARY names no program to pack; scripts/package.sh does")
        libc = platform.libc_ver()[1].replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_{libc}_{platform.machine()}"
        build_data["shared_scripts"][binary] = "slipway"
