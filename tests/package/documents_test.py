"""Every link in the installed documents leads to something that is installed with them.

Usage: documents_test.py PREFIX-DIRECTORY"""

import pathlib
import re
import sys
import urllib.parse

CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.S | re.M)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)|(?:href|src)=\"([^\"]+)\"", re.M)
OUTSIDE = ("https:", "http:", "mailto:")


def links(text):
    return [next(part for part in match if part) for match in LINK.findall(CODE.sub("", text))]


def anchors(text):
    """The names that headings get on GitHub, which most renderers follow."""
    titles = re.findall(r"^#+\s+(.*?)\s*#*$", CODE.sub(lambda code: code[0] if code[0][:3] != "```" else "", text), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def problem_with(link, page, top):
    """What is wrong with a link, or nothing."""
    place, _, anchor = urllib.parse.unquote(link).partition("#")
    target = (page.parent / place).resolve() if place else page
    if top not in (target, *target.parents):
        return "leads out of the documents"
    if not target.exists():
        return "leads nowhere"
    if anchor and anchor not in anchors(target.read_text()):
        return "has no such heading"
    return None


def main():
    top = (pathlib.Path(sys.argv[1]) / "share" / "doc" / "sallyport").resolve()
    pages = sorted(top.rglob("*.md"))
    problems, walked = [], 0
    for page in pages:
        for link in links(page.read_text()):
            if not link.startswith(OUTSIDE):
                walked += 1
                problem = problem_with(link, page, top)
                problems += [f"{page.relative_to(top)}: {link} {problem}"] if problem else []
    print("\n".join(problems))
    print(f"{len(pages)} documents, {walked} links, {len(problems)} problems")
    if problems or len(pages) < 4 or walked < 10:
        sys.exit(1)


if __name__ == "__main__":
    main()
