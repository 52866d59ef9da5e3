"""Makes the public headers of a next release: every structure that begins with struct_size has one more member, and tables of
functions have one more function. They define SALLY_NEXT.

Usage: next_headers.py DIRECTORY"""

import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
GROWING = re.compile(r"(typedef struct (sally_\w+) \{\s*size_t struct_size;.*?\n)(\} \2;)", re.S)
FUNCTIONS = {
    "sally_fs_methods": "    sally_fs_slot *next;\n",
    "sally_auth_methods": "    sally_auth_result (*next)(sally_auth *auth, sally_auth_request *request);\n",
    "sally_hooks": "    void (*next)(void *user_data, sally_connection *connection);\n",
}
# Bytes have no alignment: they would begin in what padding leaves at the end, where an older library does not look.
MEMBER = "    unsigned char next[8];\n"
SET = "#ifndef SALLY_NEXT\n#define SALLY_NEXT 1\n#endif\n"


def grown(text):
    """The text with longer structures, and the structures' names."""
    names = []

    def longer(match):
        names.append(match[2])
        return match[1] + FUNCTIONS.get(match[2], MEMBER) + match[3]

    return GROWING.sub(longer, text), names


def main():
    target = pathlib.Path(sys.argv[1])
    names = []
    for path in sorted(INCLUDE.rglob("*.h*")):
        text, found = grown(path.read_text())
        names += found
        if path.name == "export.h":
            text = text.replace("#define SALLYPORT_EXPORT_H\n", "#define SALLYPORT_EXPORT_H\n" + SET)
        copy = target / path.relative_to(INCLUDE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_text() != text:
            copy.write_text(text)
    begin = sum(path.read_text().count("size_t struct_size;") for path in INCLUDE.rglob("*.h"))
    if begin != len(names):
        sys.exit(f"{begin} structures have struct_size, but {len(names)} begin with it in the usual form")
    print(f"{len(names)} structures have grown: {' '.join(names)}")


if __name__ == "__main__":
    main()
