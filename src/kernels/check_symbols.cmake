# cmake -DNM=nm -DISA=avx2 -DOBJECTS=a.o;b.o -P check_symbols.cmake
# The object of an ISA defines one global symbol, its table. A weak one (an inline function or a
# template of std, say) could be the copy that the linker keeps for everybody, and then crash a
# processor without that ISA.
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --defined-only --extern-only --format=posix ${object}
                  OUTPUT_VARIABLE symbols RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${NM} failed on ${object}")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  list(LENGTH lines count)
  if(NOT count EQUAL 1 OR NOT symbols MATCHES "kTable_${ISA}E? [DR] ")
    message(FATAL_ERROR "${object}: expected kTable_${ISA} alone, found ${count}:\n${symbols}")
  endif()
endforeach()
