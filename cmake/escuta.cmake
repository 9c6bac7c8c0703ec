# How every folder is built: escuta_library, escuta_test, escuta_fuzzer.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(ESCUTA_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

add_library(escuta_flags INTERFACE)
target_compile_options(escuta_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Werror)
target_include_directories(escuta_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(ESCUTA_SANITIZE)
  target_compile_options(escuta_flags INTERFACE
    -fsanitize=${ESCUTA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(escuta_flags INTERFACE -fsanitize=${ESCUTA_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# escuta_library(name SOURCES a.cc ... [PUBLIC targets...] [PRIVATE targets...])
# One folder, one static library escuta_<name>.
function(escuta_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(escuta_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(escuta_${name} PUBLIC escuta_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# escuta_test(name SOURCES a_test.cc ... [LIBS targets...] [SLOW])
# The unit tests of a folder: one program <name>_test, one ctest entry per file's suite would hide
# what ran, so each TEST is an entry. SLOW adds the label that `./run test` leaves out.
function(escuta_test name)
  if(NOT ESCUTA_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "SLOW" "" "SOURCES;LIBS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  set(target ${name}_test)
  if(ARG_SLOW)
    set(target ${name}_slow_test)
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  if(TARGET escuta_${name})
    target_link_libraries(${target} PRIVATE escuta_${name})
  endif()
  target_compile_definitions(${target} PRIVATE ESCUTA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                               ESCUTA_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set(labels fast)
  if(ARG_SLOW)
    set(labels slow)
  endif()
  gtest_discover_tests(${target} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${labels} TIMEOUT 120)
endfunction()

# escuta_fuzzer(name SOURCE fuzz_x.cc LIBS targets...)
# With ESCUTA_BUILD_FUZZ: a libFuzzer program fuzz_<name>. Always: a replay program that runs the
# corpus tests/fuzz/corpus/<name>/ through the same entry point as a fast test.
function(escuta_fuzzer name)
  cmake_parse_arguments(ARG "" "SOURCE" "LIBS" ${ARGN})
  if(ESCUTA_BUILD_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCE})
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_LIBS} -fsanitize=fuzzer)
  endif()
  if(ESCUTA_BUILD_TESTS)
    add_executable(replay_${name} ${ARG_SOURCE} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    target_link_libraries(replay_${name} PRIVATE ${ARG_LIBS})
    add_test(NAME fuzz.${name}.corpus
             COMMAND replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name}.corpus PROPERTIES LABELS fast TIMEOUT 120)
  endif()
endfunction()
