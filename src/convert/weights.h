// Initializers of the graphs that an import writes: weights of the checkpoint, brought to ONNX's
// layout and type one at a time, and small constants.
//
// A pool belongs to one external-data file; graphs that share the file share its tensors. Building
// graphs only declares; check() compares all that was declared with the checkpoint before write()
// makes the first byte. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "convert/ctranslate2.h"
#include "onnx/model.h"
#include "onnx/writer.h"
#include "tensor/dtype.h"

namespace escuta::convert {

// One tensor of the graphs as it comes out of the checkpoint: rows [first_row, first_row + rows)
// of a variable, times `scale`, transposed where asked.
struct Weight {
  std::string variable;              // its name in the checkpoint
  std::vector<int64_t> source_dims;  // the shape that it has to have there
  int64_t first_row = 0;             // along axis 0
  int64_t rows = 0;                  // 0: all from first_row
  bool transpose = false;            // of two dimensions: [rows, columns] -> [columns, rows]
  float scale = 1;

  std::vector<int64_t> dims() const;  // of the tensor that comes out
};

// The elements of `weight` as kFloat or kFloat16, rounded to nearest. int8 and int16 variables are
// divided by their `<name>_scale`, per row or for all. InvalidArgument where a value is not finite
// or too large for `dtype`. The variable has to fit (InitializerPool::check).
Result<std::vector<std::byte>> convert_weight(const Ct2File& file, const Weight& weight,
                                              DType dtype);

class InitializerPool {
 public:
  // Weights and float constants become `dtype`: kFloat or kFloat16.
  explicit InitializerPool(DType dtype) : dtype_(dtype) {}

  DType dtype() const { return dtype_; }

  // Declare a tensor; a name that is already there stays what it was.
  void add_weight(const std::string& name, Weight weight);
  void add_floats(const std::string& name, std::vector<int64_t> dims,
                  std::span<const float> values);
  void add_ints(const std::string& name, std::vector<int64_t> dims,
                std::span<const int64_t> values);

  // NotFound for a variable that the checkpoint lacks, InvalidArgument for one of another shape or
  // of a type that has no conversion.
  Status check(const Ct2File& file) const;

  // Converts everything, in the order of declaration: under 1 KiB into the graphs, the rest into
  // `data`, which the caller commits.
  Status write(const Ct2File& file, onnx::ExternalDataWriter& data);

  // After write(): the tensors of these names, borrowing the pool's bytes.
  std::vector<onnx::TensorDef> tensors(std::span<const std::string> names) const;

  // Adds the variables that were declared, scales included.
  void collect_variables(std::unordered_set<std::string>& names) const;

 private:
  struct Entry {
    onnx::TensorDef tensor;
    bool from_checkpoint = false;
    Weight weight;                 // if from_checkpoint
    std::vector<std::byte> bytes;  // of constants, and of small weights once written
  };
  void add_constant(const std::string& name, DType dtype, std::vector<int64_t> dims,
                    std::vector<std::byte> bytes);
  Status check_entry(const Ct2File& file, const Entry& entry) const;

  DType dtype_;
  std::deque<Entry> entries_;  // references and spans into it stay valid
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace escuta::convert
