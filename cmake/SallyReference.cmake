# Reference pages from the public headers, if Doxygen is installed: the target `reference`.
configure_file(cmake/Doxyfile.in Doxyfile @ONLY)
find_program(SALLY_DOXYGEN doxygen)
mark_as_advanced(SALLY_DOXYGEN)
if(SALLY_DOXYGEN)
    add_custom_target(reference COMMAND ${CMAKE_COMMAND} -E make_directory "${PROJECT_BINARY_DIR}/reference"
        COMMAND "${SALLY_DOXYGEN}" "${PROJECT_BINARY_DIR}/Doxyfile" VERBATIM)
else()
    add_custom_target(reference COMMAND ${CMAKE_COMMAND} -E echo "doxygen is not installed"
        COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
endif()
