// What the files of the parser share. Internal to onnx/.
#pragma once

#include <algorithm>
#include <protozero/data_view.hpp>
#include <protozero/varint.hpp>
#include <type_traits>

#include "onnx/limits.h"
#include "onnx/parser.h"

namespace escuta::onnx {

// Varints in a packed field: each ends with a byte below 0x80.
inline size_t count_varints(protozero::data_view view) {
  return static_cast<size_t>(std::count_if(view.data(), view.data() + view.size(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  }));
}

template <typename Function>
void for_each_varint(protozero::data_view view, Function function) {
  const char* at = view.data();
  const char* const end = at + view.size();
  while (at != end) function(protozero::decode_varint(&at, end));
}

// "context: message", unless the message is long: errors within graphs within graphs would repeat
// themselves.
inline Status in_context(const Status& status, std::string_view context) {
  constexpr size_t kLong = 300;
  return status.message().size() > kLong ? status : status.with_context(context);
}

template <typename T>
T& Parser::append(std::vector<T>& list) {
  constexpr bool kNode = std::is_same_v<T, NodeDef> || std::is_same_v<T, TensorDef>;
  constexpr bool kValue = std::is_same_v<T, ValueInfo>;
  charge(sizeof(T) + (kNode ? kMemoryPerNode : kValue ? kMemoryPerValue : 0));
  return list.emplace_back();
}

}  // namespace escuta::onnx
