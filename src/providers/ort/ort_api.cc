#include "providers/ort/ort_api.h"

#include <cstring>

namespace escuta::ort {

OrtFunctions OrtFunctions::bind(const void* table, uint32_t version) {
  OrtFunctions functions;
  const auto take = [&](size_t slot, uint32_t since, auto& function) {
    if (version < since) return;
    std::memcpy(&function, static_cast<const char*>(table) + slot * sizeof(void*), sizeof(void*));
  };
#define ORT_FUNCTION(slot, since, name, result, parameters) take(slot, since, functions.name);
#include "providers/ort/ort_functions.inc"
#undef ORT_FUNCTION
  return functions;
}

}  // namespace escuta::ort
