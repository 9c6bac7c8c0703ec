// NumPy's .npy files <-> tensors (numpy.lib.format, versions 1 to 3). Any thread.
//
// Little-endian, C order, numbers and booleans. A file is hostile input: its header is bounded, and
// memory is taken only for elements that the file has.
#pragma once

#include <filesystem>
#include <span>

#include "base/status.h"
#include "tensor/tensor.h"

namespace escuta {

// InvalidArgument: not such a file, or Fortran order, big-endian or an element type that ONNX has
// not. DataLoss: more or fewer elements than the shape asks for. The message starts with the path.
Result<Tensor> read_npy(const std::filesystem::path& path);
Result<Tensor> parse_npy(std::span<const std::byte> bytes);

// The file appears whole or not at all. Unimplemented for element types that NumPy has not
// (bfloat16, float8, 4 and 2 bits).
Status write_npy(const std::filesystem::path& path, const TensorView& tensor);

}  // namespace escuta
