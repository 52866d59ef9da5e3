# What `cmake --install` puts where: libraries, headers, the pkg-config file and CMake package, programs, manual pages.
include(CMakePackageConfigHelpers)

install(TARGETS sallyport LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES $<TARGET_FILE:Sallyport::static> DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES include/sallyport.h include/sallyport.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/sallyport DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# Both find themselves by their own place, so that the tree may be moved after it was installed.
file(RELATIVE_PATH SALLY_PC_UP "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" SALLY_PC_UP "${SALLY_PC_UP}")
if(SALLY_UV_STATIC_FOUND AND SALLY_UV_ARCHIVE)
    set(SALLY_PC_UV libuv-static)
else()
    set(SALLY_PC_UV libuv)
endif()
configure_file(cmake/sallyport.pc.in sallyport.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/sallyport.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Sallyport")
configure_package_config_file(cmake/SallyportConfig.cmake.in SallyportConfig.cmake
    INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(SallyportConfigVersion.cmake COMPATIBILITY ${SALLY_COMPATIBILITY})
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/SallyportConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/SallyportConfigVersion.cmake" DESTINATION "${package_dir}")

# The programs, each with its manual page and completions.
if(TARGET cmd_sallyport)
    install(TARGETS cmd_sallyport RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    install(FILES man/sallyport.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
    install(FILES cmd/completion/sallyport.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME sallyport)
    install(FILES cmd/completion/_sallyport DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
    install(FILES cmd/completion/sallyport.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
if(TARGET cmd_sftp-server)
    install(TARGETS cmd_sftp-server RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}")
    install(FILES man/sallyport-sftp-server.8 DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
endif()

# The documents keep their places in the tree, so that the links between them also work when installed.
set(documents "${CMAKE_INSTALL_DATADIR}/doc/sallyport")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION "${documents}")
install(DIRECTORY docs DESTINATION "${documents}" FILES_MATCHING PATTERN "*.md")
install(DIRECTORY examples DESTINATION "${documents}" FILES_MATCHING PATTERN "*.c" PATTERN "*.cpp" PATTERN "*.py")

# A parent project has an install manifest of its own.
if(PROJECT_IS_TOP_LEVEL)
    configure_file(cmake/uninstall.cmake.in uninstall.cmake @ONLY)
    add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -P "${CMAKE_CURRENT_BINARY_DIR}/uninstall.cmake" VERBATIM)
endif()
