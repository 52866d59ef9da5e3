"""Compiles the code in docs/embedding.md: the fragments of a section one after the other, as its reader would write them down."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/embedding.md"
INCLUDES = "#include <sallyport.h>\n#include <stdlib.h>\n#include <string.h>\n"
# What sections leave to their readers.
GIVEN = {
    "Testing your storage": "extern sally_fs *fs;\nextern sally_status status;\nextern const void *data;\nextern size_t size;\n",
    "Who may log in": "bool password_is_right(const sally_auth_request *request);\nbool code_is_right(const char *code);\n",
}
# Results that examples of one line do not look at; functions that nobody calls here.
FLAGS = ["-std=c17", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Werror", "-Wno-unused-result", "-Wno-unused-function",
         "-fsyntax-only"]


def sections(text):
    """Of each heading of the second level: its fragments, with the numbers of their first lines."""
    found, heading, fragment, begun = {}, "", None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if fragment is None and line.startswith("## "):
            heading = line[3:]
        elif line == "```c":
            fragment, begun = [], number + 1
        elif line == "```" and fragment is not None:
            found.setdefault(heading, []).append((begun, "\n".join(fragment) + "\n"))
            fragment = None
        elif fragment is not None:
            fragment.append(line)
    return found


def as_unit(heading, fragments):
    unit = INCLUDES + GIVEN.get(heading, "")
    for begun, text in fragments:
        line = f'#line {begun} "{DOCUMENT.name}"\n'
        if re.search(r"^\{|^struct |^#", text, re.MULTILINE):  # functions and types
            unit += line + text
        else:
            unit += f"void statements_{begun}(void);\nvoid statements_{begun}(void)\n{{\n{line}{text}}}\n"
    return unit


def main():
    compiler = sys.argv[1]
    count, failed = 0, 0
    for heading, fragments in sections(DOCUMENT.read_text()).items():
        count += len(fragments)
        command = [compiler, *FLAGS, "-I", str(ROOT / "include"), "-x", "c", "-"]
        result = subprocess.run(command, input=as_unit(heading, fragments), text=True, capture_output=True, check=False)
        if result.returncode != 0:
            failed += 1
            print(f"--- {heading}\n{result.stderr}")
    print(f"{count} fragments, {failed} sections failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
