"""English that native readers stumbled over stays out: style.patterns lists it, style.examples proves each pattern."""

import io
import pathlib
import re
import tokenize

from tree import finish, name_of, run_check, tracked

HERE = pathlib.Path(__file__).parent
C = {".c", ".h", ".hpp", ".cpp"}
WHERE = ("include/", "src/", "cmd/", "docs/", "man/", "examples/", "tests/", "README.md", "CHANGELOG.md")
# Comments only: what tests send, expect and call themselves is not prose.
TESTS = "tests/"
PROSE = {".md", ".py"} | C
# In place of all that is not prose: no pattern matches it, or across it.
NOT_PROSE = "\0"
STRING = r'"(?:\\.|[^"\\\n])*"'
TOKEN = re.compile(rf"//[^\n]*|/\*.*?\*/|{STRING}(?:\s*{STRING})*|'(?:\\.|[^'\\\n])*'", re.S)
LINE_START = re.compile(r"^[ \t]*(?:/?\*+|//+|#+)?[ \t]*", re.M)
JOINT = re.compile(r'"(\s*)"|\\.')
CODE = re.compile(r'^```.*?^```|`[^`\n]*`|"[^" \n]*"', re.M | re.S)
MACRO = re.compile(r"^[.'].*", re.M)


class Pattern:
    def __init__(self, line):
        self.expression, self.better = line.split("\t")
        # A sentence goes on in the next line.
        self.compiled = re.compile(self.expression.replace(" ", r"\s+"))
        # A word that each match contains, outside of groups: looking for it first is much faster.
        certain = re.sub(r"\(.*?\)\??|\[.*?\]\S*|.\?|\\.", "|", self.expression)
        self.word = max(re.findall(r"[a-z]+", certain) or [""], key=len)

    def matches(self, prose):
        return self.compiled.finditer(prose) if self.word in prose else ()


def lines_of(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def prose_of_text(text):
    text = CODE.sub(lambda m: NOT_PROSE + "\n" * m.group().count("\n"), LINE_START.sub("", text))
    return text.lower()


def prose_of_c(text, with_strings):
    """Comments, and strings of more than one word; lines keep their numbers."""
    pieces, end = [], 0
    for found in TOKEN.finditer(text):
        between, token = text[end:found.start()], found.group()
        pieces.append(("" if between.isspace() else NOT_PROSE) + "\n" * between.count("\n"))
        if token[0] == "/":
            pieces.append(prose_of_text(token))
        elif with_strings and token[0] == '"' and " " in token:
            pieces.append(JOINT.sub(lambda m: m.group(1) or " ", token).lower())
        else:
            pieces.append(NOT_PROSE + "\n" * token.count("\n"))
        end = found.end()
    return "".join(pieces)


def prose_of_python(text):
    """Comments and documentation; lines keep their numbers."""
    pieces, line = [], 1
    for kind, token, start, end, whole in tokenize.generate_tokens(io.StringIO(text).readline):
        is_documentation = kind == tokenize.STRING and whole.lstrip().startswith('"""')
        if kind != tokenize.COMMENT and not is_documentation:
            continue
        # A comment of several lines is one text.
        is_alone = kind == tokenize.COMMENT and not whole[:start[1]].strip() and start[0] == line + 1
        pieces.append(("" if is_alone else NOT_PROSE) + "\n" * (start[0] - line) + prose_of_text(token))
        line = end[0]
    return "".join(pieces)


def prose_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix in C:
        return prose_of_c(text, not name_of(path).startswith(TESTS))
    if path.suffix == ".py":
        return prose_of_python(text)
    if name_of(path).startswith("man/"):
        text = MACRO.sub(NOT_PROSE, text)
    return prose_of_text(text)


def problems_of_lists(patterns):
    """Each example is found, and each pattern finds one; after "fine: " is what none may find."""
    unproved = {pattern.expression for pattern in patterns}
    for line in lines_of("style.examples"):
        is_fine = line.startswith("fine: ")
        prose = prose_of_text(line.removeprefix("fine: "))
        hits = {pattern.expression for pattern in patterns if any(pattern.matches(prose))}
        if is_fine:
            yield from (f"style.examples: {hit} finds: {line}" for hit in hits)
        elif hits:
            unproved -= hits
        else:
            yield f"style.examples: no pattern finds: {line}"
    yield from (f"style.patterns: no example for {expression}" for expression in unproved)


def check():
    patterns = [Pattern(line) for line in lines_of("style.patterns")]
    problems = list(problems_of_lists(patterns))
    files = [path for path in tracked() if name_of(path).startswith(WHERE)]
    files = [path for path in files if path.suffix in PROSE or not name_of(path).startswith(TESTS)]
    for path in files:
        prose = prose_of(path)
        for pattern in patterns:
            for found in pattern.matches(prose):
                line = prose.count("\n", 0, found.start()) + 1
                text = " ".join(found.group().split())
                problems.append(f"{name_of(path)}:{line}: \"{text}\": {pattern.better}")
    return finish("style", sorted(problems), len(files))


run_check(check)
