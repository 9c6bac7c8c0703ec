// What is known of a value before anything runs: element type, shape with
// symbolic dimensions, and its elements if it is constant.
//
// Plain values. Constants are immutable and shared: they borrow their bytes
// from the mapped file and keep it alive. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "onnx/model.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/tensor.h"

namespace escuta::graph {

// A number, a symbol that stands for one number throughout the model
// ("batch_size"), or unknown.
class Dim {
 public:
  Dim() = default;  // unknown
  explicit Dim(int64_t value) : value_(value) { ESCUTA_CHECK(value >= 0); }
  explicit Dim(std::string symbol) : symbol_(std::move(symbol)) {}

  bool is_known() const { return value_ >= 0; }
  int64_t value() const { return value_; }               // -1 unless is_known()
  const std::string& symbol() const { return symbol_; }  // "" unless it is a symbol
  std::string to_string() const;                         // "80", "batch_size", "?"

  // Whether both can be the same number, as far as is known.
  bool may_equal(const Dim& other) const {
    return !is_known() || !other.is_known() || value_ == other.value_;
  }
  friend bool operator==(const Dim&, const Dim&) = default;

 private:
  int64_t value_ = -1;
  std::string symbol_;
};

// A tensor that is part of the model.
struct Constant {
  DType dtype = DType::kUndefined;
  Shape shape;
  // Little-endian, row-major, packed; aligned to the element's size unless the
  // model was loaded with ReadOptions::align_data_under. Empty for strings, and
  // where external data was not loaded.
  std::span<const std::byte> bytes;
  std::vector<std::string> strings;            // dtype kString
  std::optional<onnx::ExternalData> external;  // the place in a file beside the model
  bool mapped = false;                         // `bytes` are that file's own pages
  std::shared_ptr<const void> owner;           // keeps `bytes` alive

  // Borrowed; not for strings.
  TensorView view() const { return {dtype, shape, bytes}; }
};
using ConstantPtr = std::shared_ptr<const Constant>;

// Most elements zero: values [NNZ], indices [NNZ, rank] or [NNZ] (linear), i64,
// in range.
struct SparseConstant {
  ConstantPtr values;
  ConstantPtr indices;
  Shape shape;
};
using SparseConstantPtr = std::shared_ptr<const SparseConstant>;
using TypePtr = std::shared_ptr<const onnx::TypeDef>;

struct Fact {
  DType dtype = DType::kUndefined;        // kUndefined: not known, or not a tensor
  std::optional<std::vector<Dim>> shape;  // absent: not even the rank is known
  ConstantPtr constant;                   // the elements, if they are known
  // The elements of a vector or scalar of integers where they are dimensions, in part perhaps: what
  // Shape gives, and arithmetic on it. Only inference sets it.
  std::optional<std::vector<Dim>> elements;
  TypePtr other;  // set for what is not a tensor: sequence, map, optional, ...

  bool is_known() const { return dtype != DType::kUndefined || other != nullptr; }
  std::string to_string() const;  // "float [batch_size, 80, 3000]", "sequence of float", "?"

  static Fact of(ConstantPtr constant);
  static Fact of(const onnx::TypeDef& type);
  onnx::TypeDef to_type() const;
};

// "float [batch_size, 80]", "sequence of int64", "map from string to float".
std::string type_to_string(const onnx::TypeDef& type);

}  // namespace escuta::graph
