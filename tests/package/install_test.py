"""`make install` with DESTDIR, then a stranger's program against it: pkg-config and CMake, shared and static, C and C++.

Usage: install_test.py BUILD COMPILER"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PREFIX = "/opt/sallyport"
PROJECT = """cmake_minimum_required(VERSION 3.20)
project(stranger C)
find_package(Sallyport 0.1 REQUIRED)
foreach(kind sallyport static)
    add_executable(with_${kind} stranger.c)
    target_link_libraries(with_${kind} PRIVATE Sallyport::${kind})
endforeach()
"""


def run(*command, **options):
    print("+", *command, flush=True)
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=240,
                            **options)
    if result.returncode != 0:
        sys.exit(f"{result.stdout}{result.stderr}\nfailed with {result.returncode}: {' '.join(map(str, command))}")
    return result.stdout


def install(build, destination):
    run("cmake", "--install", build, "--prefix", PREFIX, env={**os.environ, "DESTDIR": str(destination)})
    root = destination / PREFIX.lstrip("/")
    found = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    stray = [path for path in destination.rglob("*") if not path.is_dir() and root not in path.parents]
    if stray:
        sys.exit(f"installed outside the prefix: {stray}")
    return root, found


def need(found, *endings):
    for ending in endings:
        if not any(name.endswith(ending) for name in found):
            sys.exit(f"not installed: {ending}\n" + "\n".join(sorted(found)))


def check_archive(root):
    """No name but the public ones can meet a name of the program."""
    archive = next(root.rglob("libsallyport.a"))
    names = {line.split()[-1] for line in run("nm", "--defined-only", "-g", archive).splitlines() if len(line.split()) == 3}
    wrong = sorted(name for name in names if not name.startswith("sally_"))
    if wrong:
        sys.exit(f"the archive shows inner names: {wrong[:20]}")


def with_pkg_config(root, compiler, work):
    config = next(root.rglob("sallyport.pc"))
    env = {**os.environ, "PKG_CONFIG_PATH": str(config.parent)}
    run("pkg-config", "--validate", "sallyport", env=env)
    source = HERE / "stranger.c"
    shared = run("pkg-config", "--cflags", "--libs", "sallyport", env=env).split()
    run(compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", work / "shared", *shared)
    static = run("pkg-config", "--static", "--cflags", "--libs", "sallyport", env=env).split()
    static = [str(config.parent.parent / "libsallyport.a") if flag == "-lsallyport" else flag for flag in static]
    run(compiler, "-std=c11", source, "-o", work / "static", *static)
    return [work / "shared", work / "static"]


def with_cmake(root, work):
    project = work / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(PROJECT)
    (project / "stranger.c").write_text((HERE / "stranger.c").read_text())
    run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={root}")
    run("cmake", "--build", project / "build")
    return [project / "build" / "with_sallyport", project / "build" / "with_static"]


def check_programs(root, libraries):
    version = run(root / "bin" / "sallyport", "--version")
    if "0.1.0" not in version:
        sys.exit(f"sallyport --version says {version}")
    # The programs carry the library; they must not want it, or anything in the build, at run time.
    for program in (root / "bin" / "sallyport", root / "libexec" / "sallyport-sftp-server"):
        if "RUNPATH" in run("readelf", "-d", program):
            sys.exit(f"{program} has a run path")
    soname = run("readelf", "-d", next(libraries.glob("libsallyport.so.*.*.*")))
    if "[libsallyport.so.0]" not in soname:
        sys.exit("the library's soname is wrong")


def main():
    build, compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        work = pathlib.Path(name)
        root, found = install(build, work / "destination")
        need(found, "include/sallyport.h", "include/sallyport/server.h", "libsallyport.a", "libsallyport.so",
             "doc/sallyport/README.md", "doc/sallyport/embedding.md", "doc/sallyport/examples/smallest.c",
             "libsallyport.so.0", "pkgconfig/sallyport.pc", "Sallyport/SallyportConfig.cmake", "bin/sallyport",
             "libexec/sallyport-sftp-server", "man1/sallyport.1", "man8/sallyport-sftp-server.8",
             "bash-completion/completions/sallyport", "site-functions/_sallyport", "vendor_completions.d/sallyport.fish")
        check_archive(root)
        libraries = next(root.rglob("libsallyport.a")).parent
        check_programs(root, libraries)
        env = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
        for program in with_pkg_config(root, compiler, work) + with_cmake(root, work):
            output = run(program, env=env)
            if "sftp://127.0.0.1:" not in output:
                sys.exit(f"{program} printed {output}")
    print("installed, built against and run in every way")


if __name__ == "__main__":
    main()
