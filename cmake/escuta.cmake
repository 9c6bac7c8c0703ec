# How every folder is built and tested: escuta_library, escuta_test, escuta_script_test,
# escuta_fuzzer, escuta_benchmark.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(ESCUTA_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

add_library(escuta_flags INTERFACE)
target_compile_options(escuta_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Werror
  # g++ 12 and 13 see an overlap in `"x" + std::string(...)` that is not there (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # clang does not know "GCC ivdep", which lets g++ vectorise loops of operators.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-unknown-pragmas>)
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  # On Arm char is unsigned: the same text would be other numbers there.
  target_compile_options(escuta_flags INTERFACE -fsigned-char)
endif()
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

# --- What tests find in their environment -------------------------------------------------------
# Each is absent on some machines; a test that needs an absent one skips with one line.

if(DEFINED ENV{ESCUTA_CACHE})
  set(escuta_cache $ENV{ESCUTA_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(escuta_cache $ENV{XDG_CACHE_HOME}/escuta)
else()
  set(escuta_cache $ENV{HOME}/.cache/escuta)
endif()
set(ESCUTA_MODELS ${escuta_cache}/models CACHE PATH "Folder of models; `./run models` fills it")
set(ESCUTA_PYTHON ${CMAKE_SOURCE_DIR}/build/venv/bin/python CACHE FILEPATH
  "Interpreter that has requirements/test.txt; `./run test` makes it")
find_program(ESCUTA_PLAIN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)

set(escuta_test_environment
  ESCUTA_MODELS=${ESCUTA_MODELS}
  ESCUTA_PYTHON=${ESCUTA_PYTHON}
  LD_LIBRARY_PATH=${CMAKE_BINARY_DIR}/lib)  # where `./run` puts libonnxruntime
if(EXISTS ${CMAKE_SOURCE_DIR}/../shared/data)
  list(APPEND escuta_test_environment ESCUTA_SHARED_DATA=${CMAKE_SOURCE_DIR}/../shared/data)
endif()
if(ESCUTA_SANITIZE)
  list(APPEND escuta_test_environment
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tools/lsan.supp:print_suppressions=0
    TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tools/tsan.supp
    UBSAN_OPTIONS=print_stacktrace=1)
endif()

# --- Folders ------------------------------------------------------------------------------------

# escuta_library(name SOURCES a.cc ... [PUBLIC targets...] [PRIVATE targets...])
# One folder, one static library escuta_<name>.
function(escuta_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(escuta_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(escuta_${name} PUBLIC escuta_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# escuta_test(name SOURCES a_test.cc ... [LIBS targets...] [SLOW])
# The unit tests of a folder: one program <name>_test (<name>_slow_test with SLOW), one ctest entry
# for each TEST, labelled fast or slow; `./run test` leaves the slow ones out.
function(escuta_test name)
  if(NOT ESCUTA_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "SLOW" "" "SOURCES;LIBS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  set(target ${name}_test)
  set(properties LABELS fast TIMEOUT 120)
  if(ARG_SLOW)
    set(target ${name}_slow_test)
    set(properties LABELS slow TIMEOUT 1800)
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  if(TARGET escuta_${name})
    target_link_libraries(${target} PRIVATE escuta_${name})
  endif()
  target_compile_definitions(${target} PRIVATE ESCUTA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                               ESCUTA_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${target} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
  # gtest_discover_tests cannot pass a property that is a list, so a second file sets it.
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${target}_environment.cmake)
  file(WRITE ${file} "if(${target}_TESTS)\n  set_tests_properties(\${${target}_TESTS} "
    "PROPERTIES ENVIRONMENT [==[${escuta_test_environment}]==])\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
endfunction()

# escuta_script_test(name COMMAND program arguments... [SLOW] [TIMEOUT seconds]
#                    [WORKING_DIRECTORY folder] [ENVIRONMENT NAME=value...])
# A ctest entry for anything that is not a GoogleTest program; exit status 77 means skipped.
function(escuta_script_test name)
  if(NOT ESCUTA_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "SLOW" "TIMEOUT;WORKING_DIRECTORY" "COMMAND;ENVIRONMENT" ${ARGN})
  set(label fast)
  if(ARG_SLOW)
    set(label slow)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_WORKING_DIRECTORY)
    set(ARG_WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${ARG_WORKING_DIRECTORY})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "${escuta_test_environment};${ARG_ENVIRONMENT}")
endfunction()

# escuta_fuzzer(name SOURCE fuzz_x.cc LIBS targets...)
# With ESCUTA_BUILD_FUZZ: a libFuzzer program fuzz/fuzz_<name>. With tests: a replay program that runs
# the corpus tests/fuzz/corpus/<name>/ through the same entry point as a fast test.
function(escuta_fuzzer name)
  cmake_parse_arguments(ARG "" "SOURCE" "LIBS" ${ARGN})
  if(ESCUTA_BUILD_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCE})
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_LIBS} -fsanitize=fuzzer)
    set_target_properties(fuzz_${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  endif()
  if(ESCUTA_BUILD_TESTS)
    add_executable(replay_${name} ${ARG_SOURCE} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    target_link_libraries(replay_${name} PRIVATE ${ARG_LIBS})
    escuta_script_test(fuzz.${name}.corpus
      COMMAND replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
endfunction()

# escuta_benchmark(name SOURCES a_bench.cc ... [LIBS targets...])
# A Google Benchmark program bench/bench_<name>; `./run bench` runs them all.
function(escuta_benchmark name)
  if(NOT ESCUTA_BUILD_BENCH)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(bench_${name} ${ARG_SOURCES})
  target_link_libraries(bench_${name} PRIVATE ${ARG_LIBS} benchmark::benchmark_main)
  target_compile_definitions(bench_${name} PRIVATE ESCUTA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_target_properties(bench_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
