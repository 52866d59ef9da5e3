"""Which versions may stand in for each other: the SONAME, the version script, the CMake package and the headers agree.

docs/hacking.md has the policy: before 1.0 a minor release may break the ABI, from 1.0 on only a major one.

Usage: versions_test.py PREFIX-DIRECTORY"""

import pathlib
import re
import sys
import tempfile

from shared import ROOT, libraries, run


def numbers(version):
    return [int(part) for part in version.split(".")]


def abi(version):
    """The policy, once more and by itself."""
    major, minor = (numbers(version) + [0])[:2]
    return f"0.{minor}" if major == 0 else str(major)


def script(text, *definitions):
    """What a CMake script says."""
    with tempfile.NamedTemporaryFile("w", suffix=".cmake") as file:
        file.write(text)
        file.flush()
        return run("cmake", *definitions, "-P", file.name).strip()


def check_policy():
    """cmake/SallyVersion.cmake for future versions."""
    for version in ("0.1.0", "0.2.3", "0.10.0", "1.0.0", "1.4.2", "12.0.1"):
        major, minor, _ = numbers(version)
        told = script(f'include("{ROOT}/cmake/SallyVersion.cmake")\nexecute_process(COMMAND "${{CMAKE_COMMAND}}" -E echo '
                      '"${SALLY_ABI} ${SALLY_COMPATIBILITY}")',
                      f"-DPROJECT_VERSION_MAJOR={major}", f"-DPROJECT_VERSION_MINOR={minor}")
        kind = "SameMinorVersion" if major == 0 else "SameMajorVersion"
        if told != f"{abi(version)} {kind}":
            sys.exit(f"version {version}: {told}")


def check_library(root, version):
    """The SONAME, its link, and the node that every exported symbol carries."""
    library = libraries(root) / f"libsallyport.so.{version}"
    soname = re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", library))[1]
    if soname != f"libsallyport.so.{abi(version)}":
        sys.exit(f"version {version} has the SONAME {soname}")
    if (libraries(root) / soname).resolve() != library.resolve():
        sys.exit(f"{soname} does not lead to the library")
    names = [line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()]
    nodes = {name.partition("@@")[2] for name in names if name.startswith("sally_")}
    if nodes != {f"SALLYPORT_{abi(version)}"}:
        sys.exit(f"the version script says {nodes}")


def check_package(root, version):
    """find_package takes this library for another version exactly when the SONAME is the same, and it is not older."""
    package = libraries(root) / "cmake" / "Sallyport"
    major, minor, patch = numbers(version)
    for wanted in ("0.0.9", "0.1", "0.1.0", "0.1.1", "0.2", "0.2.0", "1.0", "1.1", "2.0", f"{major}.{minor}", version,
                   f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}", f"{major + 1}.0"):
        words = (numbers(wanted) + [0, 0])[:3]
        told = script(f'include("{package}/SallyportConfigVersion.cmake")\nexecute_process(COMMAND "${{CMAKE_COMMAND}}" -E echo '
                      '"${PACKAGE_VERSION} ${PACKAGE_VERSION_COMPATIBLE}")',
                      f"-DPACKAGE_FIND_VERSION={wanted}", f"-DPACKAGE_FIND_VERSION_COUNT={len(numbers(wanted))}",
                      *(f"-DPACKAGE_FIND_VERSION_{name}={word}" for name, word in zip(("MAJOR", "MINOR", "PATCH"), words)))
        fits = abi(wanted) == abi(version) and words <= numbers(version)
        if told != f"{version} {'TRUE' if fits else 'FALSE'}":
            sys.exit(f"asked for {wanted}, the CMake package says: {told}")
    config = (package / "SallyportConfig.cmake").read_text()
    if f'"libsallyport.so.{abi(version)}"' not in config or f"libsallyport.so.{version}" not in config:
        sys.exit("SallyportConfig.cmake names another library")


def main():
    root = pathlib.Path(sys.argv[1])
    header = (root / "include" / "sallyport" / "version.h").read_text()
    version = ".".join(re.search(rf"SALLY_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    for told in (re.search(r'SALLY_VERSION_STRING "(.*)"', header)[1],
                 re.search(r"Version: (.*)", next(root.rglob("sallyport.pc")).read_text())[1],
                 run(root / "bin" / "sallyport", "--version").split()[-1]):
        if told != version:
            sys.exit(f"the headers have version {version}, something else says {told}")
    if "0x{:02x}{:02x}{:02x}".format(*numbers(version)) not in header:
        sys.exit("the header's example of a number is not its own")
    check_library(root, version)
    check_package(root, version)
    check_policy()
    print(f"version {version} is told the same everywhere")


if __name__ == "__main__":
    main()
