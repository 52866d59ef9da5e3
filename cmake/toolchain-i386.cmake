# A 32-bit machine: this one where it can, else by emulation. .deps/i386 is filled by `make deps`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(SALLY_CROSS_ARCH i386)
set(SALLY_CROSS_TRIPLE i386-linux-gnu)
set(CMAKE_C_COMPILER i686-linux-gnu-gcc)
set(SALLY_CROSS_SYSROOT /usr/i686-linux-gnu)
set(SALLY_CROSS_EMULATOR qemu-i386)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain-emulated.cmake")

# Emulated threads are so slow that tests of races time out.
set(loader "${SALLY_CROSS_SYSROOT}/lib/ld-linux.so.2")
execute_process(COMMAND "${loader}" --version RESULT_VARIABLE cannot OUTPUT_QUIET ERROR_QUIET)
if(NOT cannot)
    set(CMAKE_CROSSCOMPILING_EMULATOR
        "${loader};--library-path;${SALLY_CROSS_SYSROOT}/lib:${SALLY_CROSS_LIBRARIES}")
endif()
