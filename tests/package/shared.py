"""What the tests of this folder share: running commands, the tree, and what was installed for all of them."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PREFIX = "/opt/sallyport"


def run(*command, **options):
    """Runs a command that must succeed; returns its output."""
    print("+", *command, flush=True)
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=240,
                            **options)
    if result.returncode != 0:
        sys.exit(f"{result.stdout}{result.stderr}\nfailed with {result.returncode}: {' '.join(map(str, command))}")
    return result.stdout


def refused(*command, **options):
    """Runs a command that must fail; returns all that it says."""
    print("+", *command, flush=True)
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=240,
                            **options)
    if result.returncode == 0:
        sys.exit(f"{result.stdout}{result.stderr}\nended well: {' '.join(map(str, command))}")
    return result.stdout + result.stderr


def install(build, destination):
    """Installs a build below a directory, with DESTDIR; returns the prefix in there and the files below it. Naming the
    component leaves the list of the last `make install` as it is."""
    run("cmake", "--install", build, "--prefix", PREFIX, "--component", "Unspecified",
        env={**os.environ, "DESTDIR": str(destination)})
    root = pathlib.Path(destination) / PREFIX.lstrip("/")
    stray = [path for path in files(destination) if root not in path.parents]
    if stray:
        sys.exit(f"installed outside the prefix: {stray}")
    return root, {str(path.relative_to(root)) for path in files(root)}


def files(directory):
    return [path for path in pathlib.Path(directory).rglob("*") if path.is_symlink() or not path.is_dir()]


def need(found, *endings):
    for ending in endings:
        if not any(name.endswith(ending) for name in found):
            sys.exit(f"not there: {ending}\n" + "\n".join(sorted(found)))


def need_none(found, *parts):
    wrong = sorted(name for name in found if any(part in name for part in parts))
    if wrong:
        sys.exit("should not be there:\n" + "\n".join(wrong))


def libraries(root):
    """The directory of the libraries below the prefix."""
    return next(pathlib.Path(root).rglob("libsallyport.so")).parent


def check_stranger(program, **variables):
    """Runs what was built from stranger.c."""
    output = run(program, env={**os.environ, **variables})
    if "sftp://127.0.0.1:" not in output:
        sys.exit(f"{program} printed {output}")
