"""Compiles the code in docs/embedding.md: the fragments of a section one after the other, as its reader would write them down.

Usage: fragments.py C-COMPILER C++-COMPILER"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/embedding.md"
INCLUDES = "#include <sallyport.h>\n#include <stdlib.h>\n#include <string.h>\n"
# What sections leave to their readers.
GIVEN = {
    "Your first server": "extern sally_server *server;\n",
    "Answering later": "bool queue_push(void *queue, sally_op *op);\n",
    "Hooks": "void upload_is_complete(const char *user, const char *path);\n",
    "Your own event loop": "#include <poll.h>\n",
    "The SFTP engine without sockets": "bool transport_send(const void *data, size_t size);\n",
    "Testing with a client": "extern sally_fs *fs;\nextern sally_status status;\nextern const void *data;\nextern size_t size;\n",
    "Who may log in": "bool password_is_right(const sally_auth_request *request);\nbool code_is_right(const char *code);\n",
    "Threads, signals and memory": "#include <signal.h>\n#include <spawn.h>\n",
    "Logging": "#include <stdio.h>\n",
}
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Werror", "-fsyntax-only"]
# Of each language: what its sections begin with, and how it is compiled. Examples of one line do not look at results, and no one
# calls their functions here.
LANGUAGES = {
    "c": (INCLUDES, ["-x", "c", "-std=c17", "-D_GNU_SOURCE", *WARNINGS, "-Wno-unused-result", "-Wno-unused-function"]),
    "cpp": ("#include <sallyport.hpp>\n#include <string_view>\n", ["-x", "c++", "-std=c++17", *WARNINGS]),
}


def sections(text):
    """Of each heading of the second level and each language: its fragments, with the numbers of their first lines."""
    found, heading, language, fragment, begun = {}, "", "", None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if fragment is None and line.startswith("## "):
            heading = line[3:]
        elif fragment is None and line[:3] == "```" and line[3:] in LANGUAGES:
            language, fragment, begun = line[3:], [], number + 1
        elif line == "```" and fragment is not None:
            found.setdefault((heading, language), []).append((begun, "\n".join(fragment) + "\n"))
            fragment = None
        elif fragment is not None:
            fragment.append(line)
    return found


def as_unit(heading, language, fragments):
    unit = LANGUAGES[language][0] + GIVEN.get(heading, "")
    for begun, text in fragments:
        line = f'#line {begun} "{DOCUMENT.name}"\n'
        if re.search(r"^\{|^struct |^#", text, re.MULTILINE):  # functions and types
            unit += line + text
        else:
            unit += f"void statements_{begun}(void);\nvoid statements_{begun}(void)\n{{\n{line}{text}}}\n"
    return unit


def main():
    compilers = dict(zip(LANGUAGES, sys.argv[1:]))
    count, failed = 0, 0
    for (heading, language), fragments in sections(DOCUMENT.read_text()).items():
        count += len(fragments)
        command = [compilers[language], "-I", str(ROOT / "include"), *LANGUAGES[language][1], "-"]
        result = subprocess.run(command, input=as_unit(heading, language, fragments), text=True, capture_output=True, check=False)
        if result.returncode != 0:
            failed += 1
            print(f"--- {heading}\n{result.stderr}")
    unused = sorted(set(GIVEN) - {heading for heading, _ in sections(DOCUMENT.read_text())})
    print(f"{count} fragments, {failed} sections failed" + "".join(f"; no section {name}" for name in unused))
    return 1 if failed or unused or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
