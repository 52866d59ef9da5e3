"""What docs/security.md and docs/hacking.md name exists: tests by their places, settings, files of the tree."""

import re

from tree import ROOT, finish, run_check

DOCUMENTS = ("docs/security.md", "docs/hacking.md")
# How a test is called, and its file.
TESTS = {"unit": "{}_test.c", "fuzz": "{}_fuzz.c", "attack": "{}.py", "interop": "{}.py", "lint": "{}.py"}
SETTING = re.compile(r"(limits|server|ssh|sftp|auth)\.[a-z_]+")
FILE = re.compile(r"(src|cmd|docs|include)/[a-z_./-]+\.(c|h|py|md)")


def settings():
    table = (ROOT / "src/settings/table.c").read_text()
    return set(re.findall(r'\{\{"([a-z_.]+)",', table))


def missing_test(name):
    folder, _, place = name.partition("/")
    if folder not in TESTS or not place or " " in name or "*" in name:
        return False
    path = ROOT / "tests" / folder / place
    return not path.exists() and not (path.parent / TESTS[folder].format(path.name)).exists()


def problems_of(document, known):
    looked_at, wrong = 0, []
    for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
        for name in re.findall(r"`([^`]+)`", line):
            looked_at += 1
            value = name.split("=")[0]
            if missing_test(name):
                wrong.append(f"{document}:{number}: there is no test {name}")
            elif SETTING.fullmatch(value) and value not in known:
                wrong.append(f"{document}:{number}: there is no setting {value}")
            elif FILE.fullmatch(name) and not (ROOT / name).exists():
                wrong.append(f"{document}:{number}: there is no {name}")
    return looked_at, wrong


def check():
    looked_at, problems, known = 0, [], settings()
    for document in DOCUMENTS:
        count, wrong = problems_of(document, known)
        looked_at += count
        problems += wrong
    return finish("mentioned", problems, looked_at)


run_check(check)
