"""Builds the library of a next release: the same sources with the headers of next_headers.py, unoptimised, as a shared library.

Usage: next_library.py HEADERS OBJECTS LIBRARY ABI -- COMPILER [OPTION...] -- [LIBRARY...]"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"


def run(command):
    result = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}")


def main():
    words = sys.argv[1:]
    first, second = (index for index, word in enumerate(words) if word == "--")
    headers, objects, library = map(pathlib.Path, words[:3])
    compiler, libraries = words[first + 1:second], words[second + 1:]
    objects.mkdir(parents=True, exist_ok=True)
    built = {source: objects / (str(source.relative_to(SOURCE)).replace("/", "_") + ".o") for source in SOURCE.rglob("*.c")}
    compile_ = [*compiler, "-std=c17", "-O0", "-w", "-fPIC", "-fvisibility=hidden", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
                "-D_TIME_BITS=64", "-I", headers, "-I", SOURCE, "-c"]
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for _ in pool.map(lambda pair: run([*compile_, pair[0], "-o", pair[1]]), sorted(built.items())):
            pass
    script = library.parent / "next.map"
    script.write_text(f"SALLYPORT_{words[3]} {{\n    global: sally_*;\n    local: *;\n}};\n")
    run([*compiler, "-shared", "-o", library, f"-Wl,-soname,libsallyport.so.{words[3]}", f"-Wl,--version-script={script}",
         *sorted(built.values()), *libraries])
    print(f"{len(built)} files")


if __name__ == "__main__":
    main()
