# The libraries outside, all packaged by every distribution.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SALLY_UV REQUIRED IMPORTED_TARGET libuv>=1.38)
pkg_check_modules(SALLY_CRYPT REQUIRED IMPORTED_TARGET libcrypt)

# libuv's static library has another name than the shared one, and a .pc file of its own, which makes `pkg-config --static`
# work for fully static programs. Not every distribution has it.
pkg_check_modules(SALLY_UV_STATIC QUIET libuv-static>=1.38)
find_library(SALLY_UV_ARCHIVE NAMES libuv_a.a libuv.a HINTS ${SALLY_UV_STATIC_LIBRARY_DIRS})
mark_as_advanced(SALLY_UV_ARCHIVE)
