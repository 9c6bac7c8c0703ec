// What static quantisation writes: DequantizeLinear of both sides, Conv or MatMul, QuantizeLinear
// -> QLinearConv, QLinearMatMul.
//
// The fused nodes sum integers, exactly, and round once to a step of the result. The graph rounds
// each product and sum to float before it does so: where a result is half way between two steps but
// for those roundings, it may take the other one. Nothing else differs.
//
// Runs before constants are folded, which makes floats of small weights and biases.
#include <cmath>
#include <cstring>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

// A tensor of bytes and what they stand for.
struct Quantized {
  ValueId codes = kNoValue, scale = kNoValue, zero = kNoValue;
  int64_t axis = 1;
};

class Fuser {
 public:
  explicit Fuser(graph::Graph& graph) : rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<NodeId>(i);
      const Node node = rewriter_.node(id);
      if (!node.domain.empty() || node.outputs.size() != 1) continue;
      if (node.op_type == "Conv") fuse_conv(node);
      if (node.op_type == "MatMul") fuse_matmul(node);
    }
    return rewriter_.finish();
  }

 private:
  const graph::Fact& fact(ValueId id) const { return rewriter_.value(id).fact; }

  // How many elements, where that is known; -1 otherwise.
  int64_t count_of(ValueId id) const {
    const auto& shape = fact(id).shape;
    if (!shape) return -1;
    int64_t count = 1;
    for (const graph::Dim& dim : *shape) {
      if (!dim.is_known()) return -1;
      count *= dim.value();
    }
    return count;
  }

  // The scale and zero point of a node that quantises or back, if they are of the plain kind: a
  // float scale, as many zero points of `codes`' type.
  bool read(const Node& node, DType codes, Quantized& found) const {
    if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return false;
    found.scale = node.inputs[1];
    found.zero = node.inputs[2];
    if (const auto* axis = node.get<int64_t>("axis")) found.axis = *axis;
    const auto* block = node.get<int64_t>("block_size");
    return (block == nullptr || *block == 0) && fact(found.scale).dtype == DType::kFloat &&
           fact(found.zero).dtype == codes && count_of(found.scale) > 0 &&
           count_of(found.scale) == count_of(found.zero);
  }

  static bool is_byte(DType dtype) { return dtype == DType::kInt8 || dtype == DType::kUint8; }

  // What the value is dequantised from; no codes where it is not.
  Quantized source(ValueId value) const {
    const NodeId id = value == kNoValue ? kNoNode : rewriter_.producer(value, "DequantizeLinear");
    if (id == kNoNode || fact(value).dtype != DType::kFloat) return {};
    const Node& node = rewriter_.node(id);
    Quantized found;
    if (!read(node, fact(node.inputs[0]).dtype, found)) return {};
    found.codes = node.inputs[0];
    return found;
  }
  bool is_whole_byte(const Quantized& side) const {
    return side.codes != kNoValue && is_byte(fact(side.codes).dtype) && count_of(side.scale) == 1;
  }

  // The bytes that the value, which nobody else reads, becomes: codes is their value.
  Quantized target(ValueId value) const {
    const NodeId id = rewriter_.only_user(value);
    if (id == kNoNode) return {};
    const Node& node = rewriter_.node(id);
    Quantized found;
    if (node.op_type != "QuantizeLinear" || !node.domain.empty() || node.inputs[0] != value ||
        !is_byte(fact(node.outputs[0]).dtype) || !read(node, fact(node.outputs[0]).dtype, found)) {
      return {};
    }
    found.codes = node.outputs[0];
    return found;
  }

  static std::vector<ValueId> inputs(const Quantized& a, const Quantized& b, const Quantized& y) {
    return {a.codes, a.scale, a.zero, b.codes, b.scale, b.zero, y.scale, y.zero};
  }

  void put(const Node& like, const char* op_type, std::vector<ValueId> from, ValueId result) {
    Node fused;
    fused.name = like.name;
    fused.op_type = op_type;
    fused.opset = 10;
    fused.attributes = like.attributes;
    fused.inputs = std::move(from);
    put_node(rewriter_, std::move(fused), result);
  }

  void fuse_matmul(const Node& node) {
    const Quantized a = source(node.inputs[0]), b = source(node.inputs[1]);
    const Quantized y = target(node.outputs[0]);
    if (!is_whole_byte(a) || !is_whole_byte(y) || b.codes == kNoValue ||
        !is_byte(fact(b.codes).dtype)) {
      return;
    }
    // Scales of the columns of one matrix, or one.
    const auto& shape = fact(b.codes).shape;
    const int64_t scales = count_of(b.scale);
    const bool columns = shape && shape->size() == 2 && (b.axis == 1 || b.axis == -1) &&
                         (*shape)[1].is_known() && (*shape)[1].value() == scales;
    if (scales != 1 && !columns) return;
    put(node, "QLinearMatMul", inputs(a, b, y), y.codes);
  }

  // The floats of a constant, as many as `count`; or, of one, that one repeated.
  std::vector<float> floats_of(ValueId id, int64_t count) const {
    const graph::ConstantPtr& constant = fact(id).constant;
    if (constant == nullptr || constant->dtype != DType::kFloat) return {};
    const int64_t size = constant->shape.count();
    if ((size != 1 && size != count) || constant->bytes.empty()) return {};
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) {
      std::memcpy(&values[i], constant->bytes.data() + (size == 1 ? 0 : i) * sizeof(float),
                  sizeof(float));
    }
    return values;
  }

  // Whether every byte of the constant is 0.
  bool is_zero(ValueId id) const {
    const graph::ConstantPtr& constant = fact(id).constant;
    if (constant == nullptr || constant->bytes.empty()) return false;
    for (const std::byte byte : constant->bytes) {
      if (byte != std::byte{0}) return false;
    }
    return true;
  }

  // Whether a bias has the scale of the sums, which is what QLinearConv takes it for.
  bool fits(const Quantized& bias, const Quantized& x, const Quantized& w, int64_t channels) const {
    if (bias.codes == kNoValue || fact(bias.codes).dtype != DType::kInt32 ||
        count_of(bias.codes) != channels || !is_zero(bias.zero)) {
      return false;
    }
    const auto scale = floats_of(bias.scale, channels), of_x = floats_of(x.scale, channels),
               of_w = floats_of(w.scale, channels);
    if (scale.empty() || of_x.empty() || of_w.empty()) return false;
    for (size_t i = 0; i < scale.size(); ++i) {
      const float sums = of_x[i] * of_w[i];
      if (!(std::abs(scale[i] - sums) <= 1e-6f * sums)) return false;
    }
    return true;
  }

  void fuse_conv(const Node& node) {
    const Quantized x = source(node.inputs[0]), w = source(node.inputs[1]);
    const Quantized y = target(node.outputs[0]);
    if (!is_whole_byte(x) || !is_whole_byte(y) || w.codes == kNoValue) return;
    const graph::ConstantPtr& weights = fact(w.codes).constant;
    if (weights == nullptr || !is_byte(weights->dtype) || weights->shape.rank() < 3) return;
    const int64_t channels = weights->shape[0], scales = count_of(w.scale);
    if (scales != 1 && (scales != channels || w.axis != 0)) return;
    std::vector<ValueId> from = inputs(x, w, y);
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
      const Quantized bias = source(node.inputs[2]);
      if (!fits(bias, x, w, channels)) return;
      from.push_back(bias.codes);
    }
    put(node, "QLinearConv", std::move(from), y.codes);
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_qdq(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
