"""Every public name has a comment of its own: macros, types, members, enum values, functions."""

import re

from tree import finish, name_of, run_check, sources

COMMENT = re.compile(r"/\*.*?\*/", re.S)
TOKEN = re.compile(r"(?P<after>/\*\*<.*?\*/)|(?P<before>/\*\*.*?\*/)|(?P<plain>/\*.*?\*/)|(?P<macro>^[ \t]*#(?:[^\n]*\\\n)*[^\n]*)"
                   r"|(?P<stop>[;{},])|(?P<text>[^;{},/#]+|[/#])", re.M)
DEFINE = re.compile(r"\s*#\s*define\s+(\w+)")
CONDITION = re.compile(r"\s*#\s*(if|else|elif|endif)")
UNDEF = re.compile(r"^\s*#\s*undef\s+(\w+)", re.M)


class Reader:
    """Walks over one header and collects names without a comment."""

    def __init__(self, name, text):
        self.name = name
        # Comments on one line each, so that a macro's comment belongs to its line.
        self.text = COMMENT.sub(lambda match: match.group(0).replace("\n", " "), text)
        self.temporary = set(UNDEF.findall(self.text))
        self.documented = set()  # macros that another branch of an #if documents
        self.missing = []
        self.count = 0
        self.nesting = []        # "enum" or "struct" for each open brace
        self.parentheses = 0
        self.begin()

    def begin(self):
        self.code = ""
        self.has_doc = False
        self.tail = False        # between a closing brace and its semicolon

    def note(self, what, has_doc):
        self.count += 1
        if not has_doc:
            self.missing.append(f"{self.name}: {what}")

    def macro(self, line, has_doc):
        match = DEFINE.match(line)
        if not match:
            return
        macro = match.group(1)
        opening = macro.replace("_END_", "_BEGIN_")  # one comment for the pair
        if macro in self.temporary or macro.endswith("_H") or self.documented & {macro, opening}:
            return
        self.documented.add(macro)
        self.note(f"macro {macro}", has_doc or "/**<" in line)

    def item(self, has_doc):
        code = " ".join(self.code.split())
        expanded = re.fullmatch(r"SALLY_\w+\(\w+\)", code)
        if code and not self.tail and not expanded and not re.fullmatch(r"SALLY_(BEGIN|END)_DECLS", code):
            self.note(code[-70:], has_doc)

    def run(self):
        tokens = [m for m in TOKEN.finditer(self.text) if m.lastgroup != "text" or m.group(0).strip() or self.code]
        tokens = [(m.lastgroup, m.group(0)) for m in tokens]
        for index, (kind, token) in enumerate(tokens):
            following = next((t for t in tokens[index + 1:index + 3] if t[1].strip()), ("", ""))
            self.step(kind, token, following[0] == "after")
        return self

    def step(self, kind, token, commented_after):
        if kind == "before":
            self.has_doc = True
        elif kind == "after":
            self.has_doc = self.has_doc or bool(self.code.strip())
        elif kind == "macro":
            self.macro(token, self.has_doc)
            if not self.code.strip() and not CONDITION.match(token):
                self.begin()
        elif kind == "text":
            self.code += token
            self.code = re.sub(r"^\s*SALLY_(BEGIN|END)_DECLS\s*", "", self.code)
            self.parentheses += token.count("(") - token.count(")")
        elif kind == "stop":
            self.stop(token, commented_after)

    def stop(self, token, commented_after):
        if token == "{":
            self.item(self.has_doc or not re.match(r"\s*(typedef\s+)?(enum|struct|union)\b\s*\w+", self.code))
            self.nesting.append("enum" if re.search(r"\benum\b", self.code) else "struct")
            self.begin()
        elif token == "}":
            self.item(self.has_doc)
            self.nesting.pop()
            self.begin()
            self.tail = True
        elif token == ";" or (self.nesting and self.nesting[-1] == "enum" and self.parentheses == 0):
            self.item(self.has_doc or commented_after)
            self.begin()
        else:
            self.code += token


def check():
    problems = []
    looked_at = 0
    for path in sources("include"):
        reader = Reader(name_of(path), path.read_text()).run()
        problems += reader.missing
        looked_at += reader.count
    return finish("public names without a comment", problems, looked_at)


run_check(check)
