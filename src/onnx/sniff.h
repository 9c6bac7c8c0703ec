// What a file that is no ONNX model may be instead: people pass the wrong one.
#pragma once

#include <span>
#include <string>

namespace escuta::onnx {

// "a zip archive (...)", "a Git LFS pointer, not the model itself (...)",
// "text"; empty where the bytes say nothing.
std::string describe_foreign(std::span<const std::byte> bytes);

}  // namespace escuta::onnx
