# The libraries outside, all packaged by every distribution.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SALLY_UV REQUIRED IMPORTED_TARGET libuv>=1.38)
pkg_check_modules(SALLY_CRYPT REQUIRED IMPORTED_TARGET libcrypt)
