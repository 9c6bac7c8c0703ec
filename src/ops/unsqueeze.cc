// Unsqueeze (ai.onnx 1, 11, 13, 21, 23, 24, 25): inserts dimensions of 1 at the places `axes` of
// the result; an input from 13 on.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

std::vector<int64_t> attribute_axes(const NodeInfo& node) {
  if (node.version() >= 13) return {};
  if (!node.has("axes")) node.fail(invalid_argument("expected an attribute `axes`, found none"));
  return node.integers("axes");
}

void infer(Inference& node) {
  const std::optional<std::vector<int64_t>> axes =
      node.version() < 13 ? attribute_axes(node) : node.constant_ints(1);
  if (!node.status().ok()) return;
  std::optional<Dims> dims;
  if (node.shape(0) && axes) {
    const Dims& input = *node.shape(0);
    const size_t rank = input.size() + axes->size();
    if (rank > kMaxRank) {
      node.fail(invalid_argument("expected at most {} dimensions, found {}", kMaxRank, rank));
      return;
    }
    const auto flags = axis_flags(node, *axes, static_cast<int>(rank));
    if (!flags) return;
    dims.emplace();
    size_t from = 0;
    for (size_t i = 0; i < rank; ++i) {
      dims->push_back((*flags)[i] ? Dim(int64_t{1}) : input[from++]);
    }
  } else if (node.shape(0)) {
    const auto count = vector_length(node, 1);
    if (count && *count <= kMaxRank) dims = Dims(node.shape(0)->size() + *count);
  }
  const bool vector = dims && dims->size() == 1;
  node.set(0, node.dtype(0), std::move(dims));
  if (!vector) return;
  if (std::optional<Dims> elements = small_elements(node, 0)) {
    set_elements(node, 0, std::move(*elements));
  }
}

class Unsqueeze final : public Kernel {
 public:
  explicit Unsqueeze(const NodeInfo& node)
      : has_attribute_(node.version() < 13), axes_(attribute_axes(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    if (has_attribute_) return unsqueeze(call, axes_);
    ASSIGN_OR_RETURN(const IntList list, read_ints(call, 1, "axes"));
    return unsqueeze(call, list);
  }

 private:
  static Status unsqueeze(Call& call, std::span<const int64_t> axes) {
    const Shape& input = call.shape(0);
    const size_t rank = static_cast<size_t>(input.rank()) + axes.size();
    if (rank > kMaxRank) {
      return invalid_argument("expected at most {} dimensions, found {}", kMaxRank, rank);
    }
    ASSIGN_OR_RETURN(const uint32_t mask, resolve_axes(axes, static_cast<int>(rank)));
    std::array<int64_t, kMaxRank> dims{};
    int from = 0;
    for (size_t i = 0; i < rank; ++i) dims[i] = (mask >> i & 1) != 0 ? 1 : input[from++];
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    return set_view(call, 0, shape);
  }

  bool has_attribute_;
  std::vector<int64_t> axes_;
};

}  // namespace

extern const Operator kUnsqueeze = {.domain = "",
                                    .name = "Unsqueeze",
                                    .versions = {1, 11, 13, 21, 23, 24, 25},
                                    .inputs = {1, 2},
                                    .infer = infer,
                                    .create = make<Unsqueeze>,
                                    .memory = Memory::kView};

}  // namespace escuta::ops
