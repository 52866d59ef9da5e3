# Language level, warnings, hardening and sanitizers, as the interface target sally_flags.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_UNITY_BUILD OFF) # several files define static functions of the same name

add_library(sally_flags INTERFACE)
target_compile_definitions(sally_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64 _TIME_BITS=64)
target_compile_options(sally_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
        -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wvla -Wformat=2 -Wundef>
    -fno-strict-aliasing -fno-common)
if(SALLY_WERROR)
    target_compile_options(sally_flags INTERFACE -Werror)
endif()

include(CheckCCompilerFlag)
foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection)
    string(MAKE_C_IDENTIFIER "SALLY_HAS_${flag}" has)
    check_c_compiler_flag(${flag} ${has})
    if(${has})
        target_compile_options(sally_flags INTERFACE ${flag})
    endif()
endforeach()

if(SALLY_SANITIZE)
    target_compile_options(sally_flags INTERFACE
        -fsanitize=${SALLY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(sally_flags INTERFACE -fsanitize=${SALLY_SANITIZE})
else()
    # The level 3 that newer compilers offer needs no more than optimisation.
    target_compile_options(sally_flags INTERFACE
        "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
endif()
if(NOT APPLE)
    target_link_options(sally_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
# The archive is made with `ld -r`, which needs machine code in the objects, also in builds with link-time optimisation.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
elseif(CMAKE_INTERPROCEDURAL_OPTIMIZATION OR CMAKE_C_FLAGS MATCHES "-flto")
    target_compile_options(sally_flags INTERFACE -ffat-lto-objects)
endif()
if(SALLY_FUZZ)
    target_compile_options(sally_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
