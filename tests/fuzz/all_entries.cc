#include "draws.h"

namespace escuta::fuzz {

const std::vector<Entry>& all_entries() {
  static const std::vector<Entry> all = {
#include "operators.inc"
  };
  return all;
}

}  // namespace escuta::fuzz
