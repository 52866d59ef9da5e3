"""Every public call on a server that can fail is made to fail in tests/unit/server/error_text_test.c."""

import re

from tree import ROOT, finish, run_check, without_comments

CALL = re.compile(r"\bsally_error\s+(sally_server_\w+)\(")
# Tested elsewhere because they fail only inside a callback, or that fail only for a NULL server.
ELSEWHERE = {"sally_server_new", "sally_server_free", "sally_server_stop_listening", "sally_server_shutdown"}


def check():
    header = without_comments((ROOT / "include/sallyport/server.h").read_text())
    test = without_comments((ROOT / "tests/unit/server/error_text_test.c").read_text())
    names = set(CALL.findall(header))
    problems = [f"{name}() is not made to fail" for name in sorted(names - ELSEWHERE) if name not in test]
    return finish("tests/unit/server/error_text_test.c", problems, len(names))


run_check(check)
