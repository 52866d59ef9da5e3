# Which versions may stand in for each other, in one place for all who promise it: SALLY_ABI goes into the SONAME and the
# version script, SALLY_COMPATIBILITY into the CMake package. The policy is in docs/hacking.md.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(SALLY_ABI "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
    set(SALLY_COMPATIBILITY SameMinorVersion)
else()
    set(SALLY_ABI "${PROJECT_VERSION_MAJOR}")
    set(SALLY_COMPATIBILITY SameMajorVersion)
endif()
