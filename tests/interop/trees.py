"""Trees of files to carry around, and how two of them are compared."""

import hashlib
import os
import pathlib
import random
import stat

SIZES = [0, 1, 4095, 4096, 32767, 32768, 32769, 261119, 261120, 261121, 1_000_003]
NAMES = ["with space", "quote'd", 'double"quote', "-leading-dash", "#hash", "dollar$HOME", "semi;colon", "per%cent",
         "\u00e4\u00f6\u00fc.txt", "a\u0308.txt", "\u65e5\u672c\u8a9e", "\U0001f600.png", "x" * 255, "..hidden", "trailing."]
# Names that some clients take for patterns or escapes.
AWKWARD = ["[abc]", "star*", "what?", "back\\slash", "tab\tin", "{a,b}"]
NOT_UTF8 = [b"latin-\xe4\xf6\xfc", b"\xff\xfe\x80", b"half-\xc3"]


def random_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def write(path, size, seed=1):
    """A file of random bytes; in pieces, since it may be large."""
    source = random.Random(seed)
    with open(path, "wb") as out:
        while size > 0:
            piece = min(size, 1 << 20)
            out.write(source.randbytes(piece))
            size -= piece
    return pathlib.Path(path)


def make_tree(root, links=True, awkward=True, bytes_names=False, modes=True):
    """A small tree with everything that is easy to get wrong."""
    root = pathlib.Path(root)
    root.mkdir(parents=True)
    for size in SIZES:
        write(root / f"size-{size}", size, seed=size)
    names = root / "names"
    names.mkdir()
    for index, name in enumerate(NAMES + (AWKWARD if awkward else [])):
        (names / name).write_bytes(random_bytes(index, seed=index))
    if bytes_names:
        for name in NOT_UTF8:
            with open(os.path.join(os.fsencode(names), name), "wb") as out:
                out.write(name)
    (root / "empty directory").mkdir()
    deep = root.joinpath(*[f"level{number}" for number in range(30)])
    deep.mkdir(parents=True)
    (deep / "bottom.txt").write_text("down here\n")
    if links:
        (root / "link-to-file").symlink_to("size-4096")
        (root / "dangling").symlink_to("nowhere/at/all")
        (root / "link-to-directory").symlink_to("names")
    if modes:
        for mode in (0o400, 0o600, 0o640, 0o755):
            path = root / f"mode-{mode:o}"
            path.write_text("mode\n")
            path.chmod(mode)
    times = {"long-ago": 1, "year-2001": 978_307_200, "year-2037": 2_114_380_800}
    for name in times:
        (root / name).write_text(name)
    set_times(root, times)
    return root


def set_times(root, times):
    """Gives each file a time of its own, in the past: one that a client loses shows. Each link gets the time of its target,
    since a client that cannot set the times of a link sets the target's."""
    paths = sorted(path for path in root.rglob("*") if not path.is_dir() and not path.is_symlink())
    for number, path in enumerate(paths):
        when = times.get(path.name, 1_600_000_000 + number)
        os.utime(path, (when, when))
    for link in root.rglob("*"):
        if link.is_symlink() and link.exists():
            when = link.stat().st_mtime_ns
            os.utime(link, ns=(when, when), follow_symlinks=False)


def make_many(root, count, per_directory=100):
    """Many small files."""
    root = pathlib.Path(root)
    for number in range(count):
        directory = root / f"d{number // per_directory:04}"
        if number % per_directory == 0:
            directory.mkdir(parents=True)
        (directory / f"file-{number:06}").write_bytes(b"%d\n" % number * (number % 40))
    return root


def digest(path):
    result = hashlib.sha256()
    with open(path, "rb") as source:
        while piece := source.read(1 << 20):
            result.update(piece)
    return result.hexdigest()


def facts(path, want):
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return ("link", os.readlink(path))
    if stat.S_ISDIR(info.st_mode):
        return ("directory",)
    found = ["file", info.st_size, digest(path)]
    if "mode" in want:
        found.append(f"{stat.S_IMODE(info.st_mode):o}")
    if "mtime" in want:
        found.append(int(info.st_mtime))
    return tuple(found)


def listing(root, want=(), skip_links=False):
    """Every path below root, as bytes, with what it is."""
    root = os.fsencode(root)
    found = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            fact = facts(path, want)
            if not (skip_links and fact[0] == "link"):
                found[os.path.relpath(path, root)] = fact
    return found


def assert_same(left, right, want=(), skip_links=False):
    """Fails with the differences, not with two whole listings."""
    one = listing(left, want, skip_links)
    other = listing(right, want, skip_links)
    wrong = [f"{path!r}: {one.get(path)} != {other.get(path)}" for path in sorted(one.keys() | other.keys())
             if one.get(path) != other.get(path)]
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:30])
    assert one, "nothing was compared"
