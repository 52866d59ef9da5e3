"""Compiles each public header alone, and all in either order, with every warning that a strict user may have on."""

import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Wconversion", "-Wsign-conversion", "-Werror"]
C_WARNINGS = ["-Wstrict-prototypes", "-Wmissing-prototypes", "-Wc++-compat"]


def compile_text(compiler, standard, include, text):
    language = "c++" if "++" in standard else "c"
    extra = [] if language == "c++" else C_WARNINGS
    command = [compiler, f"-std={standard}", *WARNINGS, *extra, "-fsyntax-only", "-I", include, "-x", language, "-"]
    return subprocess.run(command, input=text, text=True, capture_output=True, check=False)


def main():
    compiler, standard = sys.argv[1:]
    include = pathlib.Path(__file__).resolve().parents[2] / "include"
    headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.h"))
    units = {header: f"#include <{header}>\n#include <{header}>\ntypedef int one;\n" for header in headers}
    if "++" in standard:
        headers += sorted(str(path.relative_to(include)) for path in include.rglob("*.hpp"))
        units.update({header: f"#include <{header}>\n#include <{header}>\ntypedef int one;\n" for header in headers})
    units["all headers"] = "".join(f"#include <{header}>\n" for header in headers)
    units["all headers, backwards"] = "".join(f"#include <{header}>\n" for header in reversed(headers))
    failed = 0
    for name, text in units.items():
        result = compile_text(compiler, standard, str(include), text)
        if result.returncode != 0:
            failed += 1
            print(f"--- {name} as {standard}\n{result.stderr}")
    print(f"{len(units)} compilations as {standard}, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
