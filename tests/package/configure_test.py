"""A plain `cmake -S . -B build` makes an optimised and hardened library; a build type that is given holds.

Usage: configure_test.py"""

import pathlib
import re
import sys
import tempfile

from shared import ROOT, run


def configured(build, *options):
    """The build type, and how one file would be compiled."""
    run("cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DSALLY_TESTS=OFF", "-DSALLY_EXAMPLES=OFF", *options)
    cache = (build / "CMakeCache.txt").read_text()
    commands = (build / "compile_commands.json").read_text()
    return re.search(r"CMAKE_BUILD_TYPE:\w+=(.*)", cache)[1], re.search(r'"command": "(.*)"', commands)[1]


def main():
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        for option, kind, hardened in (("", "RelWithDebInfo", True), ("Debug", "Debug", False),
                                       ("None", "None", False), ("MinSizeRel", "MinSizeRel", True)):
            build = pathlib.Path(name) / ("plain" if not option else "given")
            got, command = configured(build, *([f"-DCMAKE_BUILD_TYPE={option}"] if option else []))
            if got != kind or ("_FORTIFY_SOURCE=3" in command) != hardened:
                sys.exit(f"build type '{option}' makes {got}: {command}")
    print("build types are as they should be")


if __name__ == "__main__":
    main()
