# What programs that embed escuta use: the target escuta::runtime, in this build and, after
# `cmake --install BUILD --component embedding`, by find_package(escuta).
include(GNUInstallDirs)

# Only the public header and the archives: none of our include folders or warning flags.
add_library(escuta_embedding INTERFACE)
target_include_directories(escuta_embedding INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_compile_features(escuta_embedding INTERFACE cxx_std_20)
target_link_libraries(escuta_embedding INTERFACE $<LINK_ONLY:escuta_runtime>)
if(ESCUTA_SANITIZE)
  target_compile_options(escuta_embedding INTERFACE -fsanitize=${ESCUTA_SANITIZE})
  target_link_options(escuta_embedding INTERFACE -fsanitize=${ESCUTA_SANITIZE})
endif()
add_library(escuta::runtime ALIAS escuta_embedding)

# escuta_archives(out target): our static libraries that `target` needs, users before the used.
function(escuta_archives out target)
  set(list ${${out}})
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    if(TARGET ${library} AND library MATCHES "^escuta_")
      get_target_property(type ${library} TYPE)
      if(type STREQUAL STATIC_LIBRARY AND NOT library IN_LIST list)
        escuta_archives(list ${library})
      endif()
    endif()
  endforeach()
  list(PREPEND list ${target})
  set(${out} ${list} PARENT_SCOPE)
endfunction()

escuta_archives(archives escuta_runtime)
foreach(archive IN LISTS archives)
  list(APPEND ESCUTA_ARCHIVES
    ${CMAKE_STATIC_LIBRARY_PREFIX}${archive}${CMAKE_STATIC_LIBRARY_SUFFIX})
endforeach()
list(JOIN ESCUTA_ARCHIVES " " ESCUTA_ARCHIVES)
if(ESCUTA_SANITIZE)
  set(ESCUTA_SANITIZE_FLAG -fsanitize=${ESCUTA_SANITIZE})
endif()
set(package ${CMAKE_BINARY_DIR}/package)
include(CMakePackageConfigHelpers)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/escutaConfig.cmake.in
  ${package}/escutaConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/escuta
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${package}/escutaConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)

install(TARGETS ${archives} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT embedding)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/escuta COMPONENT embedding
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${package}/escutaConfig.cmake ${package}/escutaConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/escuta COMPONENT embedding)
