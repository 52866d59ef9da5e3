"""What the checks of this folder share: the tree's files, C without its comments, and how problems are told."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Who may include whom: docs/architecture.md. Public headers are open to all.
LAYERS = {
    "base": set(),
    "os": {"base"},
    "crypto": {"base"},
    "core": {"base"},
    "ssh": {"base", "crypto"},
    "sftp": {"base", "core"},
    "scp": {"base", "core"},
    "embed": {"base", "core", "os", "sftp"},
    "client": {"base", "core", "sftp"},
    "fs": {"base", "core", "os", "crypto"},
    "auth": {"base", "core", "os", "crypto", "settings"},
    "settings": {"base", "os", "crypto", "ssh", "sftp", "scp"},
    "loop": {"base", "core"},
    "server": {"base", "core", "os", "crypto", "fs", "auth", "loop", "settings"},
    "server/ssh": {"base", "core", "os", "crypto", "ssh", "sftp", "scp", "fs", "auth", "loop", "settings", "server"},
}
PURE = ["base", "core", "ssh", "sftp", "scp"]


def tracked():
    """Files of the tree, as git knows them or would; without git (a release archive), all but what a build leaves."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        files = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        files = [p for p in ROOT.rglob("*") if not p.relative_to(ROOT).parts[0] in ("build", ".deps", ".git")]
    return sorted(path for path in files if path.is_file())


def sources(*folders, suffixes=(".c", ".h")):
    """C files below the folders named (relative to the root)."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


def name_of(path):
    return str(path.relative_to(ROOT))


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, keep_strings=False):
    """The same text with comments (and, unless kept, the insides of strings) blanked; lines stay where they were."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[0]
        return " " + "\n" * token.count("\n")

    return _TOKEN.sub(blank, text)


def finish(what, problems, looked_at):
    """Prints the problems; the exit status of the check."""
    for problem in problems:
        print(problem)
    print(f"{what}: {looked_at} looked at, {len(problems)} problems")
    if looked_at == 0:
        print("nothing was looked at: the check itself is broken")
        return 1
    return 1 if problems else 0


def run_check(function):
    sys.exit(function())
