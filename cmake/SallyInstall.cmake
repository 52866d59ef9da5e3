# What `cmake --install` puts where: libraries, headers, the pkg-config file and CMake package, programs, manual pages.
#
# The installed archive holds one object, made of all and with every hidden symbol made local, so that a name the
# library uses inside cannot meet the same name in a user's program.
include(CMakePackageConfigHelpers)

get_property(folders GLOBAL PROPERTY SALLY_FOLDERS)
set(objects "")
foreach(folder IN LISTS folders)
    list(APPEND objects $<TARGET_OBJECTS:sally_${folder}>)
endforeach()
set(archive_dir "${CMAKE_CURRENT_BINARY_DIR}/archive")
set(archive "${archive_dir}/libsallyport.a")
file(MAKE_DIRECTORY "${archive_dir}")
add_custom_command(OUTPUT "${archive}"
    COMMAND ${CMAKE_LINKER} -r -o sallyport.o ${objects}
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden sallyport.o
    COMMAND ${CMAKE_COMMAND} -E rm -f "${archive}"
    COMMAND ${CMAKE_AR} qcD "${archive}" sallyport.o
    COMMAND ${CMAKE_RANLIB} -D "${archive}"
    DEPENDS ${objects}
    WORKING_DIRECTORY "${archive_dir}"
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Archiving libsallyport.a with local names")
add_custom_target(sallyport_archive ALL DEPENDS "${archive}")

install(TARGETS sallyport LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES include/sallyport.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/sallyport DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")

# Both find themselves by their own place, so that the tree may be moved after it was installed.
file(RELATIVE_PATH SALLY_PC_UP "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" SALLY_PC_UP "${SALLY_PC_UP}")
configure_file(cmake/sallyport.pc.in sallyport.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/sallyport.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Sallyport")
configure_package_config_file(cmake/SallyportConfig.cmake.in SallyportConfig.cmake
    INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(SallyportConfigVersion.cmake COMPATIBILITY ${SALLY_COMPATIBILITY})
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/SallyportConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/SallyportConfigVersion.cmake" DESTINATION "${package_dir}")

if(TARGET cmd_sallyport)
    install(TARGETS cmd_sallyport RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(TARGET cmd_sftp-server)
    install(TARGETS cmd_sftp-server RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}")
endif()

file(GLOB pages CONFIGURE_DEPENDS man/*.[1-9])
foreach(page IN LISTS pages)
    string(REGEX MATCH "[1-9]$" section "${page}")
    install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
endforeach()
install(FILES cmd/completion/sallyport.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME sallyport)
install(FILES cmd/completion/_sallyport DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
install(FILES cmd/completion/sallyport.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")

# What the headers and man pages refer to.
set(documents "${CMAKE_INSTALL_DATADIR}/doc/sallyport")
install(FILES README.md CHANGELOG.md LICENSE docs/embedding.md docs/protocol.md docs/security.md DESTINATION "${documents}")
install(DIRECTORY examples/ DESTINATION "${documents}/examples" FILES_MATCHING PATTERN "*.c")
