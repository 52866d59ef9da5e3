"""Functions that no one may call, and those that a library may not."""

import re

from tree import finish, name_of, run_check, sources, without_comments

NOWHERE = ("strcpy strcat stpcpy sprintf vsprintf strtok atoi atol atoll gmtime localtime ctime asctime alloca gets mktemp "
           "tmpnam tempnam system popen rand srand").split()
NOT_IN_LIBRARY = ("exit _exit abort printf vprintf puts putchar perror setlocale umask signal getenv setenv chdir fork "
                  "daemon").split()

# systemd hands sockets over by the environment.
EXCEPT = {("src/server/listener.c", "getenv")}


def pattern(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")


def check():
    problems = []
    looked_at = 0
    rules = [(pattern(NOWHERE), ("src", "include", "cmd", "examples")),
             (pattern(NOT_IN_LIBRARY), ("src", "include"))]
    for expression, folders in rules:
        for path in sources(*folders):
            looked_at += 1
            for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
                for found in expression.findall(line):
                    if (name_of(path), found) in EXCEPT:
                        continue
                    problems.append(f"{name_of(path)}:{number}: {found}")
    return finish("banned functions", problems, looked_at)


run_check(check)
