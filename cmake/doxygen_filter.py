"""What Doxygen reads in the place of a file: headers become groups, and links in documents lead to pages.

Usage: doxygen_filter.py FILE"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# For users. The other documents are for those who work on the library, and links to them are just their text here.
PAGES = ["README", "embedding", "security", "upgrading"]


def of_header(path, text):
    """The comment at the top becomes the introduction of the header's group, and all that is declared belongs to it."""
    name = path.name.replace(".", "_")
    text = re.sub(r"^ \* @file sallyport/.*", f" * @addtogroup {name}", text, count=1, flags=re.M)
    begin, end = f"/** @addtogroup {name}\n * @{{ */", "/** @} */"  # in the place of two lines, so that warnings name the right ones
    if path.suffix == ".hpp":
        text = re.sub(r"^\nnamespace sally$", f"{begin} namespace sally", text, count=1, flags=re.M)
        return re.sub(r"^} // namespace sally$", f"}} {end}", text, flags=re.M)
    text = re.sub(r"^SALLY_BEGIN_DECLS\n$", begin, text, flags=re.M)
    return re.sub(r"^SALLY_END_DECLS$", end, text, flags=re.M)


def anchor(page, title):
    """As GitHub names a heading, with its page in front: here, names are unique among all pages."""
    return page + "-" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def of_document(path, text):
    def link(match):
        text, target = match.groups()
        place, _, heading = target.partition("#")
        place = pathlib.Path(place)
        if place.suffix in (".c", ".cpp"):
            return f"[{text}]({place.name.replace('.', '_8')}-example.html)"
        page = place.stem or path.stem
        if page not in PAGES:
            return text
        return f"[{text}](@ref {anchor(page, heading) if heading else page})"

    level, lines, is_code = 0, [], False
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        heading = None if is_code else re.match(r"(#+) +(.*)", line)
        if heading:
            name = path.stem if not level else anchor(path.stem, heading[2])
            level += 1
            line += f" {{#{name}}}"
        line = re.sub(r"\*\*`([^`]+)`\*\*", r"<b>\1</b>", line)  # which Doxygen's Markdown does not know
        lines.append(line if is_code else re.sub(r"\[([^\]]+)\]\(([^)\s:]+)\)", link, line))
    return "\n".join(lines) + "\n"


def of_groups(text):
    """With the examples, which have no place of their own."""
    for path in sorted((ROOT / "examples").glob("*.c*")):
        words = " ".join(line.strip(" *") for line in re.match(r"/\*(.*?)\*/", path.read_text(), re.S)[1].splitlines())
        text += f"/** @example {path.name}\n * {words.split('. ')[0].split('  ')[0].rstrip('.')}. */\n"
    return text


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text()
    if path.suffix == ".md":
        text = of_document(path, text)
    elif path.suffix == ".dox":
        text = of_groups(text)
    elif path.suffix in (".h", ".hpp") and path.name != "export.h":
        text = of_header(path, text)
    sys.stdout.write(text)


main()
