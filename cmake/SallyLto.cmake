# Link-time optimisation (GCC) of the libraries and programs: many small functions in many files lie on the way of every request, and
# inlining them across files saves 4 to 12 % of the instructions of small requests.
# The objects hold machine code as well, so that the unit tests, which link them many times, need not wait for it.
set(default OFF)
if(PROJECT_IS_TOP_LEVEL AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT SALLY_SANITIZE AND NOT CMAKE_CROSSCOMPILING
        AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
    set(default ON)
endif()
option(SALLY_LTO "Optimise the libraries and programs at link time (GCC)" ${default})
function(sally_lto_compile target)
    if(SALLY_LTO)
        target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects)
    endif()
endfunction()

function(sally_lto_link target)
    if(SALLY_LTO)
        target_link_options(${target} PRIVATE -flto=auto)
    endif()
endfunction()

# For a folder: its programs are linked from the machine code.
macro(sally_lto_avoid)
    if(SALLY_LTO)
        add_link_options(-fno-lto)
    endif()
endmacro()
