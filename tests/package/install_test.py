"""Builds an outside program against the installation: pkg-config and CMake, shared, static and fully static.

Usage: install_test.py PREFIX-DIRECTORY COMPILER"""

import os
import pathlib
import sys
import tempfile

from shared import HERE, check_stranger, libraries, refused, run

PROJECT = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
find_package(Sallyport 0.2 REQUIRED COMPONENTS shared static)
foreach(kind sallyport static)
    add_executable(with_${kind} stranger.c)
    target_link_libraries(with_${kind} PRIVATE Sallyport::${kind})
endforeach()
"""
# As docs/embedding.md has it.
ALL_STATIC = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
find_package(Sallyport REQUIRED COMPONENTS static)
add_executable(all_static stranger.c)
target_link_libraries(all_static PRIVATE Sallyport::static)
target_link_options(all_static PRIVATE -static)
"""
# Which components there are, asked for one by one.
COMPONENTS = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
function(expect found)
    find_package(Sallyport QUIET COMPONENTS ${ARGN})
    if(NOT Sallyport_FOUND STREQUAL found)
        message(FATAL_ERROR "asked for ${ARGN}: ${Sallyport_FOUND}, ${Sallyport_NOT_FOUND_MESSAGE}")
    endif()
endfunction()
expect(1 shared)
if(TARGET Sallyport::static)
    message(FATAL_ERROR "there is a target that was not asked for")
endif()
expect(1 static)
expect(1 shared static)
expect(1)
expect(0 shared nonsense)
expect(1 shared OPTIONAL_COMPONENTS nonsense)
"""
# What only the static one needs is missing: the shared one is there all the same.
WITHOUT_LIBRARIES = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
set(CMAKE_FIND_LIBRARY_PREFIXES none)
find_package(Sallyport REQUIRED)
message(STATUS "the shared one is there: ${Sallyport_shared_FOUND}")
find_package(Sallyport REQUIRED COMPONENTS static)
"""


def check_archive(root):
    """No name but the public ones can meet a name of the program."""
    archive = libraries(root) / "libsallyport.a"
    names = {line.split()[-1] for line in run("nm", "--defined-only", "-g", archive).splitlines() if len(line.split()) == 3}
    wrong = sorted(name for name in names if not name.startswith("sally_"))
    if wrong:
        sys.exit(f"the archive shows inner names: {wrong[:20]}")


def check_programs(root):
    """The programs carry the library; they must not want it, or anything in the build, at run time."""
    for program in (root / "bin" / "sallyport", root / "libexec" / "sallyport-sftp-server"):
        dynamic = run("readelf", "-d", program)
        if "RUNPATH" in dynamic or "libsallyport" in dynamic:
            sys.exit(f"{program} wants something of the build:\n{dynamic}")


def check_all_static(program):
    if "INTERP" in run("readelf", "-l", program):
        sys.exit(f"{program} has a loader: it is not all static")


def with_pkg_config(root, compiler, work):
    config = libraries(root) / "pkgconfig"
    env = {**os.environ, "PKG_CONFIG_PATH": str(config)}
    run("pkg-config", "--validate", "sallyport", env=env)
    source = HERE / "stranger.c"
    shared = run("pkg-config", "--cflags", "--libs", "sallyport", env=env).split()
    run(compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", work / "shared", *shared)
    static = run("pkg-config", "--static", "--cflags", "--libs", "sallyport", env=env).split()
    archive = [str(libraries(root) / "libsallyport.a") if flag == "-lsallyport" else flag for flag in static]
    run(compiler, "-std=c11", source, "-o", work / "static", *archive)
    run(compiler, "-std=c11", "-static", source, "-o", work / "all_static", *static)
    check_all_static(work / "all_static")
    return [work / "shared", work / "static", work / "all_static"]


def with_cmake(root, work, name, text):
    """Builds a project against the package; returns where."""
    project = work / f"{name}_project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(text)
    (project / "stranger.c").write_text((HERE / "stranger.c").read_text())
    run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={root}")
    run("cmake", "--build", project / "build")
    return project / "build"


def without_libraries(root, work):
    project = work / "without_libraries"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(WITHOUT_LIBRARIES)
    told = refused("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={root}")
    if "the shared one is there: TRUE" not in told or "Sallyport::static needs libuv" not in " ".join(told.split()):
        sys.exit(told)


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        work = pathlib.Path(name)
        check_archive(root)
        check_programs(root)
        programs = with_pkg_config(root, compiler, work)
        build = with_cmake(root, work, "both", PROJECT)
        programs += [build / "with_sallyport", build / "with_static"]
        programs.append(with_cmake(root, work, "all_static", ALL_STATIC) / "all_static")
        check_all_static(programs[-1])
        with_cmake(root, work, "components", COMPONENTS)
        without_libraries(root, work)
        for program in programs:
            check_stranger(program, LD_LIBRARY_PATH=str(libraries(root)))
    print("built against and run in every way")


if __name__ == "__main__":
    main()
