"""What a parent project gets with add_subdirectory or FetchContent: both libraries by the package's names, and nothing that
it did not ask for.

Usage: subproject_test.py COMPILER-LAUNCHER"""

import pathlib
import re
import sys
import tempfile

from shared import HERE, ROOT, check_stranger, files, need, need_none, run

PARENT = """cmake_minimum_required(VERSION 3.25)
project(parent VERSION 7.8.9 LANGUAGES C)
%s
foreach(kind IN ITEMS sallyport static)
    add_executable(with_${kind} stranger.c)
    target_link_libraries(with_${kind} PRIVATE Sallyport::${kind})
endforeach()
get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
list(REMOVE_ITEM languages NONE)
message(STATUS "languages: ${languages}, build type: '${CMAKE_BUILD_TYPE}', testing: '${BUILD_TESTING}'")
install(TARGETS with_sallyport)
"""
SUBDIRECTORY = f'add_subdirectory("{ROOT}" sallyport)'
# What is fetched answers find_package() too.
FETCHED = f"""include(FetchContent)
FetchContent_Declare(Sallyport SOURCE_DIR "{ROOT}" OVERRIDE_FIND_PACKAGE)
find_package(Sallyport 0.2 REQUIRED COMPONENTS shared static)"""


def configure(work, name, generator, text, *options):
    """Configures a parent project; returns its build directory."""
    project = work / name
    project.mkdir()
    (project / "CMakeLists.txt").write_text(PARENT % text)
    (project / "stranger.c").write_text((HERE / "stranger.c").read_text())
    told = run("cmake", "-G", generator, "-S", project, "-B", project / "build", *options)
    if "languages: C, build type: '', testing: ''" not in told:
        sys.exit(f"the parent was changed:\n{told}")
    return project / "build"


def check_targets(build):
    """No tests, examples, programs, benchmarks or rules of ours."""
    made = re.findall(r"^(\S+): ", run("cmake", "--build", build, "--", "-t", "targets", "all"), re.M)
    targets = {pathlib.Path(target).name for target in made if "CMakeFiles" not in target}
    need(targets, "libsallyport.so", "libsallyport.a", "with_sallyport", "with_static")
    wrong = re.compile("(unit|fuzz|attack|example|cmd|lint)_|uninstall|Experimental|sallyport-sftp-server|smallest")
    if any(wrong.match(target) for target in targets):
        sys.exit(f"the parent has our targets: {sorted(targets)}")
    if "Total Tests: 0" not in run("ctest", "--test-dir", build, "-N"):
        sys.exit("the parent has our tests")


def installed(build, destination):
    run("cmake", "--install", build, "--prefix", destination)
    return {str(path.relative_to(destination)) for path in files(destination)}


def main():
    launcher = [f"-DCMAKE_C_COMPILER_LAUNCHER={sys.argv[1]}"]
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        work = pathlib.Path(name)
        check_targets(configure(work, "fetched", "Ninja", FETCHED))
        # All harder than the default: Make knows less about files than Ninja does, and parents may want all in one piece.
        build = configure(work, "parent", "Unix Makefiles", SUBDIRECTORY, "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON",
                          "-DCMAKE_UNITY_BUILD=ON", *launcher)
        run("cmake", "--build", build, "-j", "2", "--target", "with_static")
        run("cmake", "--build", build, "-j", "2")
        for kind in ("sallyport", "static"):
            check_stranger(build / f"with_{kind}")
        if installed(build, work / "alone") != {"bin/with_sallyport"}:
            sys.exit("the parent's `install` brings ours along")

        # Asked for, the library is installed; what belongs to the programs only with the programs.
        run("cmake", "-DSALLY_INSTALL=ON", build)
        run("cmake", "--build", build, "-j", "2")
        found = installed(build, work / "all")
        need(found, "libsallyport.so", "libsallyport.a", "include/sallyport.h", "sallyport.pc", "SallyportConfig.cmake",
             "doc/sallyport/README.md")
        need_none(found, "man/", "completion", "site-functions", "bin/sallyport", "libexec")
    print("a parent project gets the libraries, and no more than that")


if __name__ == "__main__":
    main()
