# cmake -DNM=nm -DOBJDUMP=objdump -DISA=avx2 -DOBJECTS=a.o;b.o -P check_symbols.cmake
# The object of an ISA defines one global symbol, its table. A weak one (an inline function or a
# template of std, say) could be the copy that the linker keeps for everybody, and then crash a
# processor without that ISA. Nor may it run anything before the choice (an initialiser), and
# `generic` has no instruction of AVX: those of SSE begin with no v.
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
  execute_process(COMMAND ${OBJDUMP} -h ${object} OUTPUT_VARIABLE sections RESULT_VARIABLE failed)
  if(failed OR sections MATCHES "[.](init_array|ctors)")
    message(FATAL_ERROR "${object}: expected no initialiser, found:\n${sections}")
  endif()
  if(ISA STREQUAL "generic")
    execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${object} OUTPUT_VARIABLE code
                    RESULT_VARIABLE failed)
    if(failed OR NOT code MATCHES "ret")
      message(FATAL_ERROR "${OBJDUMP} failed on ${object}")
    endif()
    string(REGEX MATCH "[^\n]*(%[yz]mm|%k[0-7]|\tv[a-z0-9]+ +[^\n]*%xmm)[^\n]*" found "${code}")
    if(found)
      message(FATAL_ERROR "${object}: expected no instruction of AVX, found:\n${found}")
    endif()
  endif()
endforeach()
