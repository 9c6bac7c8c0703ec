// No input crashes an operator of com.microsoft: random types, shapes, values and attributes, most
// of which make no sense. What counts is that the sanitizers stay silent.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "ops/evaluate.h"

namespace escuta::ops {
namespace {

class Hostile {
 public:
  explicit Hostile(uint32_t seed) : random_(seed) {
    static constexpr int64_t kDims[] = {1, 2, 2, 3, 4, 8, 16};
    for (int64_t& dim : dims_) dim = kDims[pick(std::size(kDims))];
  }

  // A node with every attribute that any of the operators reads.
  graph::Node node(const Operator& op) {
    using Type = onnx::AttributeDef::Type;
    graph::Node node;
    node.op_type = op.name;
    node.domain = op.domain;
    for (const char* name : {"num_heads",
                             "kv_num_heads",
                             "axis",
                             "unidirectional",
                             "do_rotary",
                             "groups",
                             "activation",
                             "channels_last",
                             "transA",
                             "transB",
                             "transBatchA",
                             "transBatchB",
                             "K",
                             "N",
                             "bits",
                             "block_size",
                             "gather_axis",
                             "quantize_axis",
                             "max_distance",
                             "is_bidirectional",
                             "rotary_embedding_dim",
                             "interleaved",
                             "ngram_size",
                             "size",
                             "step",
                             "dim",
                             "signal_ndim",
                             "causal",
                             "local_window_size",
                             "smooth_softmax",
                             "qk_output",
                             "upper",
                             "group"}) {
      if (pick(3) != 0) add(node, name, Type::kInt, attribute_integer());
    }
    for (const char* name : {"pads", "strides", "dilations", "kernel_shape", "qkv_hidden_sizes"}) {
      if (pick(3) != 0) continue;
      std::vector<int64_t> values(pick(5));
      for (int64_t& value : values) value = attribute_integer();
      add(node, name, Type::kInts, std::move(values));
    }
    if (op.name == "FusedGemm") add(node, "activation", Type::kString, std::string("Relu"));
    const int most = std::min(op.inputs.max, op.inputs.min + 12);
    const auto inputs = op.inputs.min + pick(most - op.inputs.min + 1);
    for (int i = 0; i < static_cast<int>(inputs); ++i) {
      node.inputs.push_back(i >= op.inputs.min && pick(3) == 0 ? graph::kNoValue : i);
    }
    for (int i = 0; i < op.outputs.max; ++i) node.outputs.push_back(100 + i);
    return node;
  }

  // Mostly alike in type and in size, so that some get past the first check.
  Datum input() {
    static constexpr DType kTypes[] = {
        DType::kFloat,  DType::kFloat, DType::kFloat,   DType::kInt32, DType::kInt64,
        DType::kUint8,  DType::kInt8,  DType::kFloat16, DType::kBool,  DType::kDouble,
        DType::kString, DType::kInt16, DType::kUint4};
    if (pick(40) == 0) return Datum::of(std::make_shared<const Sequence>());
    const DType dtype = kTypes[pick(std::size(kTypes))];
    std::vector<int64_t> dims(pick(7) == 0 ? pick(7) : 1 + pick(4));
    for (int64_t& dim : dims) dim = pick(16) == 0 ? 0 : dims_[pick(std::size(dims_))];
    if (!dims.empty() && pick(12) == 0) {
      dims[pick(dims.size())] = 0;
      dims[pick(dims.size())] = int64_t{1} << (20 + pick(40));
    }
    const auto shape = Shape::create(dims);
    if (!shape.ok() || shape->count() > 1 << 16) return input();
    Datum datum = Datum::create(dtype, *shape).value();
    if (dtype == DType::kString) return datum;
    for (size_t i = 0; i < datum.byte_size(); ++i) {
      datum.mutable_bytes()[i] = static_cast<std::byte>(pick(4) == 0 ? pick(256) : 0);
    }
    if (dtype == DType::kBool) std::memset(datum.mutable_bytes(), 1, datum.byte_size());
    return datum;
  }

  size_t pick(size_t count) { return random_() % count; }

 private:
  template <typename T>
  static void add(graph::Node& node, const char* name, onnx::AttributeDef::Type type, T value) {
    graph::Attribute attribute;
    attribute.name = name;
    attribute.type = type;
    attribute.value = std::move(value);
    node.attributes.push_back(std::move(attribute));
  }

  int64_t attribute_integer() {
    static constexpr int64_t kValues[] = {0,  1,  2, 4,  3,         8,         16,
                                          -1, -2, 1, 32, INT64_MAX, INT64_MIN, int64_t{1} << 40};
    return kValues[pick(pick(4) == 0 ? std::size(kValues) : 7)];
  }

  std::mt19937 random_;
  int64_t dims_[2];  // the sizes of most dimensions
};

void try_once(const Operator& op, Hostile& hostile) {
  const graph::Node node = hostile.node(op);
  std::vector<Datum> inputs;
  std::vector<Fact> facts(node.inputs.size());
  std::vector<const Fact*> known;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool absent = node.inputs[i] == graph::kNoValue;
    inputs.push_back(absent ? Datum() : hostile.input());
    if (inputs[i].is_tensor() && hostile.pick(4) != 0) {
      facts[i].dtype = inputs[i].dtype();
      facts[i].shape.emplace();
      for (const int64_t dim : inputs[i].shape().dims()) {
        facts[i].shape->push_back(hostile.pick(4) == 0 ? Dim() : Dim(dim));
      }
    }
    known.push_back(absent ? nullptr : &facts[i]);
  }
  Inference inference(node, 1, known);
  op.infer(inference);
  const auto kernel = op.create(NodeInfo(node, 1, known));
  if (!kernel.ok()) return;
  const auto outputs =
      evaluate(**kernel, inputs, std::vector<bool>(node.outputs.size(), true), size_t{1} << 24);
  if (!outputs.ok() || !inference.status().ok()) return;
  for (size_t i = 0; i < outputs->size(); ++i) {
    const Fact& fact = inference.output(i);
    const Datum& found = (*outputs)[i];
    if (found.is_none()) continue;
    if (fact.dtype != DType::kUndefined) {
      EXPECT_EQ(fact.dtype, found.dtype()) << op.name << " output " << i;
    }
    if (!fact.shape) continue;
    ASSERT_EQ(static_cast<int>(fact.shape->size()), found.shape().rank()) << op.name;
    for (int axis = 0; axis < found.shape().rank(); ++axis) {
      const Dim& dim = (*fact.shape)[static_cast<size_t>(axis)];
      if (!dim.is_known()) continue;
      EXPECT_EQ(dim.value(), found.shape()[axis]) << op.name << " output " << i;
    }
  }
}

TEST(Hostile, NothingCrashes) {
  for (const Operator* op : operators()) {
    if (op->domain != "com.microsoft" && op->name != "SimplifiedLayerNormalization") continue;
    SCOPED_TRACE(op->name);
    for (uint32_t seed = 0; seed < 400; ++seed) {
      Hostile hostile(seed);
      try_once(*op, hostile);
    }
  }
}

}  // namespace
}  // namespace escuta::ops
