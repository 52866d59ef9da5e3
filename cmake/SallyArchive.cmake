# The target Sallyport::static, for parent projects and for installation: an archive with one object, linked from all objects and
# with all hidden symbols made local, so that internal names of the library cannot clash with names in a user's program.
# The tests and programs of this tree use sallyport_static, which builds faster.
function(sally_archive)
    cmake_parse_arguments(arg "" "" "FOLDERS;LINKS" ${ARGN})
    list(TRANSFORM arg_FOLDERS REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    set(directory "${CMAKE_CURRENT_BINARY_DIR}/archive")
    set(archive "${directory}/libsallyport.a")
    file(MAKE_DIRECTORY "${directory}")
    if(SALLY_LTO)
        set(link ${CMAKE_C_COMPILER} -r -nostdlib -flto=auto -flinker-output=nolto-rel)
    else()
        set(link ${CMAKE_LINKER} -r)
    endif()
    add_custom_command(OUTPUT "${archive}"
        COMMAND ${link} -o sallyport.o ${objects}
        COMMAND ${CMAKE_OBJCOPY} --localize-hidden --remove-section=.gnu.lto_* sallyport.o
        COMMAND ${CMAKE_COMMAND} -E rm -f "${archive}"
        COMMAND ${CMAKE_AR} qcD "${archive}" sallyport.o
        COMMAND ${CMAKE_RANLIB} -D "${archive}"
        DEPENDS ${objects}
        WORKING_DIRECTORY "${directory}"
        COMMAND_EXPAND_LISTS VERBATIM
        COMMENT "Archiving libsallyport.a with local names")
    if(SALLY_INSTALL)
        add_custom_target(sallyport_archive ALL DEPENDS "${archive}")
    else()
        add_custom_target(sallyport_archive DEPENDS "${archive}")
    endif()
    # With Makefiles, an object can only be built by the target that it belongs to.
    add_dependencies(sallyport_archive ${arg_FOLDERS})

    add_library(Sallyport::static STATIC IMPORTED GLOBAL)
    add_dependencies(Sallyport::static sallyport_archive)
    set_target_properties(Sallyport::static PROPERTIES IMPORTED_LOCATION "${archive}")
    target_include_directories(Sallyport::static INTERFACE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(Sallyport::static INTERFACE ${arg_LINKS})
endfunction()
