"""How long files are. One that is over a screen's worth of patience is told; one that no one can hold in the head fails."""

from tree import finish, name_of, run_check, sources

TELL = 600
FAIL = 1000
EXAMPLE = 150
LONGER = {"examples/encrypted.c": 310}  # what a wrapper with operations of its own must think of


def check():
    problems = []
    looked_at = 0
    for path in sources("src", "cmd", "include", "examples", "tests"):
        looked_at += 1
        lines = len(path.read_text().splitlines())
        most = LONGER.get(name_of(path), EXAMPLE)
        if name_of(path).startswith("examples/") and lines > most:
            problems.append(f"{name_of(path)}: {lines} lines, this example has at most {most}")
        elif lines > FAIL:
            problems.append(f"{name_of(path)}: {lines} lines, more than {FAIL}")
        elif lines > TELL:
            print(f"note: {name_of(path)}: {lines} lines, split it where a reader would")
    return finish("file lengths", problems, looked_at)


run_check(check)
