// CHECK is for our own bugs. It is never reachable from input: input errors are a Status.
#pragma once

namespace escuta {

[[noreturn]] void check_failed(const char* file, int line, const char* expression);

}  // namespace escuta

#define ESCUTA_CHECK(expression)                        \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::escuta::check_failed(__FILE__, __LINE__, #expression))
