# Reads the version from the public header, the one place that tells it: SALLY_VERSION, such as 0.2.0.
set(version_header "${CMAKE_CURRENT_LIST_DIR}/../include/sallyport/version.h")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${version_header}")
file(STRINGS "${version_header}" SALLY_VERSION REGEX "^#define SALLY_VERSION_STRING ")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" SALLY_VERSION "${SALLY_VERSION}")
