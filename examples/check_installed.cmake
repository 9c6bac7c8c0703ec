# Installs what embedders use, builds EXAMPLE with it by find_package, and runs it.
function(step)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
step(${CMAKE_COMMAND} --install ${BUILD} --component embedding --prefix ${SCRATCH}/prefix)
step(${CMAKE_COMMAND} -S ${EXAMPLE} -B ${SCRATCH}/build -DCMAKE_BUILD_TYPE=Release
     -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
step(${CMAKE_COMMAND} --build ${SCRATCH}/build)
step(${SCRATCH}/build/classify_sound ${SOURCE}/tests/data/sound/sound_classes.onnx
     ${SOURCE}/samples/jfk.wav)
if(NOT said MATCHES "speech")
  message(FATAL_ERROR "expected speech in jfk.wav, found: ${said}")
endif()
file(REMOVE_RECURSE ${SCRATCH})
