"""Doxygen makes the reference pages without a warning, and each header has its group. Ends with 77 where Doxygen is not installed.

Usage: reference.py DOXYFILE"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tree import ROOT, finish, run_check

WITHOUT_GROUP = {"export.h"}  # it declares nothing


def check():
    program = shutil.which("doxygen")
    if not program:
        print("skipped: doxygen is not installed")
        sys.exit(77)
    configuration = pathlib.Path(sys.argv[1]).read_text()
    with tempfile.TemporaryDirectory(prefix="sallyport-reference-") as name:
        configuration = re.sub(r"^OUTPUT_DIRECTORY.*", f'OUTPUT_DIRECTORY = "{name}"', configuration, flags=re.M)
        configuration += "\nSEARCHENGINE = NO\nGENERATE_TREEVIEW = NO\n"  # for speed
        result = subprocess.run([program, "-"], input=configuration, capture_output=True, text=True, check=False)
        pages = len(list(pathlib.Path(name).rglob("*.html")))
    problems = [line for line in result.stderr.splitlines() if ": warning: " in line or ": error: " in line]
    if result.returncode != 0 and not problems:
        problems = [result.stderr.strip() or "doxygen failed"]
    groups = (ROOT / "cmake/reference.dox").read_text()
    problems += [f"cmake/reference.dox: no group for {path.name}" for path in sorted((ROOT / "include/sallyport").iterdir())
                 if path.name not in WITHOUT_GROUP and f"@defgroup {path.name.replace('.', '_')} " not in groups]
    return finish("reference pages", problems, pages)


run_check(check)
