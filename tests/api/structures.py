"""Every structure of the public headers that begins with struct_size has been tried by `structures`, and nothing went wrong.

Usage: structures.py PROGRAM [LIBRARY_DIRECTORY], of another library than the one it is linked with"""

import os
import pathlib
import re
import subprocess
import sys

STRUCTURE = re.compile(r"typedef struct (sally_\w+) \{\s*size_t struct_size;")


# Made by the library and given to callbacks, whose struct_size says what is there; or filled by it for a connection
# (unit/server/sally_connection); or given to it for a connection (unit/server/ssh/program).
MADE_BY_LIBRARY = {"sally_auth_event", "sally_channel_options", "sally_connection_facts", "sally_connection_info", "sally_file_info",
                   "sally_problem", "sally_session_request", "sally_sign_request"}


def main():
    include = pathlib.Path(__file__).resolve().parents[2] / "include"
    declared = {name for path in include.rglob("*.h") for name in STRUCTURE.findall(path.read_text())} - MADE_BY_LIBRARY
    env = {**os.environ, **({"LD_LIBRARY_PATH": sys.argv[2]} if len(sys.argv) > 2 else {})}
    result = subprocess.run([sys.argv[1]], text=True, stdout=subprocess.PIPE, env=env, check=False)
    tried = set(result.stdout.split())
    for name in sorted(declared ^ tried):
        print(f"{name}: {'not tried: add it to structures.c' if name in declared else 'no such structure'}")
    print(f"{len(tried)} structures tried")
    return 1 if result.returncode or declared != tried else 0


if __name__ == "__main__":
    sys.exit(main())
