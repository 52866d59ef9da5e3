# The libraries outside, all packaged by every distribution.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SALLY_UV REQUIRED IMPORTED_TARGET libuv>=1.38)
pkg_check_modules(SALLY_CRYPT REQUIRED IMPORTED_TARGET libcrypt)

# libuv's archive has another name than its shared library, and so a .pc file of its own: with it, `pkg-config --static`
# is right for programs that are all static as well. Not every distribution has both.
pkg_check_modules(SALLY_UV_STATIC QUIET libuv-static>=1.38)
find_library(SALLY_UV_ARCHIVE NAMES libuv_a.a libuv.a HINTS ${SALLY_UV_STATIC_LIBRARY_DIRS})
mark_as_advanced(SALLY_UV_ARCHIVE)
