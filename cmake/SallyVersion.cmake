# Which versions are compatible with each other: SALLY_ABI is for the SONAME and the version script, SALLY_COMPATIBILITY for
# the CMake package. The policy is in docs/hacking.md.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(SALLY_ABI "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
    set(SALLY_COMPATIBILITY SameMinorVersion)
else()
    set(SALLY_ABI "${PROJECT_VERSION_MAJOR}")
    set(SALLY_COMPATIBILITY SameMajorVersion)
endif()
