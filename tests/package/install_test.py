"""A stranger's program against what was installed: pkg-config and CMake, shared and static.

Usage: install_test.py PREFIX-DIRECTORY COMPILER"""

import os
import pathlib
import sys
import tempfile

from shared import HERE, check_stranger, libraries, run

PROJECT = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
find_package(Sallyport 0.1 REQUIRED)
foreach(kind sallyport static)
    add_executable(with_${kind} stranger.c)
    target_link_libraries(with_${kind} PRIVATE Sallyport::${kind})
endforeach()
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
    return [work / "shared", work / "static"]


def with_cmake(root, work, name, text):
    """Builds a project against the package; returns where."""
    project = work / f"{name}_project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(text)
    (project / "stranger.c").write_text((HERE / "stranger.c").read_text())
    run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={root}")
    run("cmake", "--build", project / "build")
    return project / "build"


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        work = pathlib.Path(name)
        check_archive(root)
        check_programs(root)
        programs = with_pkg_config(root, compiler, work)
        build = with_cmake(root, work, "both", PROJECT)
        programs += [build / "with_sallyport", build / "with_static"]
        for program in programs:
            check_stranger(program, LD_LIBRARY_PATH=str(libraries(root)))
    print("built against and run in every way")


if __name__ == "__main__":
    main()
