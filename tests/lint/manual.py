"""Manual pages are well-formed, and list exactly the settings that the program knows, with their defaults.

Usage: manual.py [PROGRAM]: the program whose `settings` are compared."""

import re
import subprocess
import sys

from tree import ROOT, finish, name_of, run_check

# mandoc's wishes that are not mistakes.
HARMLESS = re.compile(r"STYLE: (?:referenced manual not found|useless macro: Tn)|lists? referenced manual not found|"
                      r"outdated mandoc\.db lacks")


def lint(pages):
    problems = []
    for page in pages:
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(page)], capture_output=True, text=True, check=False)
        problems += [line for line in (result.stdout + result.stderr).splitlines() if line and not HARMLESS.search(line)]
    return problems


def settings_of(program):
    """Names as `sallyport settings` prints them: the first word of each line that starts with one."""
    output = subprocess.run([program, "settings"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^([a-z]\w*(?:\.\w+)+)\b", output, re.M))


def settings_in(pages):
    found = set()
    for page in pages:
        found.update(re.findall(r"^\.It (?:Cm|Ic|Va|Cd) ([a-z]\w*(?:\.\w+)+)", page.read_text(), re.M))
    return found


def check():
    pages = sorted((ROOT / "man").glob("*.[1-9]"))
    problems = lint(pages)
    if len(sys.argv) > 1:
        known = settings_of(sys.argv[1])
        described = settings_in(pages)
        problems += [f"setting without a place in the manual: {name}" for name in sorted(known - described)]
        problems += [f"the manual describes a setting that is none: {name}" for name in sorted(described - known)]
        if not known:
            problems.append("the program knows no settings")
    return finish("manual pages", problems, len([name_of(page) for page in pages]))


run_check(check)
