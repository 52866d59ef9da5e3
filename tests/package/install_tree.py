"""`make install` with DESTDIR, for all other tests of this folder to look at.

Usage: install_tree.py BUILD DESTINATION"""

import shutil
import sys

from shared import install, need


def main():
    build, destination = sys.argv[1:]
    shutil.rmtree(destination, ignore_errors=True)
    _, found = install(build, destination)
    need(found, "include/sallyport.h", "include/sallyport/server.h", "libsallyport.a", "libsallyport.so",
         "pkgconfig/sallyport.pc", "Sallyport/SallyportConfig.cmake", "bin/sallyport", "libexec/sallyport-sftp-server",
         "doc/sallyport/README.md", "doc/sallyport/docs/embedding.md", "doc/sallyport/examples/smallest.c",
         "man1/sallyport.1", "man8/sallyport-sftp-server.8", "bash-completion/completions/sallyport",
         "site-functions/_sallyport", "vendor_completions.d/sallyport.fish")
    print(f"{len(found)} files")


if __name__ == "__main__":
    main()
