"""`uninstall` removes all that was installed, and nothing else.

Usage: uninstall_test.py BUILD"""

import os
import pathlib
import sys
import tempfile

from shared import PREFIX, files, install, refused, run


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="sallyport-package-") as name:
        destination = pathlib.Path(name)
        root, found = install(build, destination)
        env = {**os.environ, "DESTDIR": str(destination)}
        script = ["cmake", f"-DMANIFEST={build}/install_manifest_Unspecified.txt"]
        others = [root / "lib" / "libother.so", root / "share" / "doc" / "sallyport" / "my own notes.txt",
                  root / "share" / "man" / "man1" / "other.1"]
        for path in others:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("not ours")

        told = refused(*script, "-DPREFIX=/usr/local", "-P", build / "uninstall.cmake", env=env)
        if "not below /usr/local" not in told or len(files(root)) != len(found) + len(others):
            sys.exit(f"of another prefix: {told}")
        run(*script, f"-DPREFIX={PREFIX}", "-P", build / "uninstall.cmake", env=env)
        if set(files(root)) != set(others):
            sys.exit(f"left, or taken away: {set(files(root)) ^ set(others)}")
        directories = {path for path in root.rglob("*allyport*") if path.is_dir()}
        if directories != {root / "share" / "doc" / "sallyport"} or (root / "share" / "doc" / "sallyport" / "docs").exists():
            sys.exit(f"these directories are left: {directories}")

        # Neither a missing file nor a second run is an error.
        run(*script, "-P", build / "uninstall.cmake", env=env)
        told = refused("cmake", f"-DMANIFEST={destination}/none", "-P", build / "uninstall.cmake", env=env)
        if "nothing was installed" not in told:
            sys.exit(f"without a list: {told}")
        if "uninstall: " not in run("cmake", "--build", build, "--target", "help"):
            sys.exit("there is no target `uninstall`")
    print(f"{len(found)} files came and went")


if __name__ == "__main__":
    main()
