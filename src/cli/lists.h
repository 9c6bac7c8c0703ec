// Lists as they are typed: with commas, or a line each in a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace escuta::cli {

// "a, b" -> {"a", "b"}. InvalidArgument for an empty part; `example` shows a good list.
Result<std::vector<std::string>> parse_list(std::string_view option, std::string_view list,
                                            std::string_view example);

// The same, or with `@FILE` its lines, of which empty ones are left out. What cannot be read, is
// over 1 MiB or no UTF-8 is an error.
Result<std::vector<std::string>> parse_list_or_file(std::string_view option, std::string_view list,
                                                    std::string_view example);

// Whole numbers from `least` on; "" is none.
Result<std::vector<int32_t>> parse_ids(std::string_view option, std::string_view list,
                                       int32_t least, std::string_view example);

}  // namespace escuta::cli
