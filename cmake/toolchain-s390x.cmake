# A big-endian machine, by emulation. .deps/s390x is filled by `make deps`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(SALLY_CROSS_ARCH s390x)
set(SALLY_CROSS_TRIPLE s390x-linux-gnu)
set(CMAKE_C_COMPILER s390x-linux-gnu-gcc)
set(SALLY_CROSS_SYSROOT /usr/s390x-linux-gnu)
set(SALLY_CROSS_EMULATOR qemu-s390x)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain-emulated.cmake")
