// Squeeze (ai.onnx 1, 11, 13, 21, 23, 24, 25): drops dimensions of 1; `axes` is an input from 13
// on.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// Without `axes` all dimensions of 1 go, so that the rank is known only when all dimensions are.
std::optional<Dims> infer_all(const Dims& input) {
  Dims dims;
  for (const Dim& dim : input) {
    if (!dim.is_known()) return std::nullopt;
    if (dim.value() != 1) dims.push_back(dim);
  }
  return dims;
}

std::optional<Dims> infer_axes(const Inference& node, const Dims& input,
                               const std::vector<int64_t>& axes) {
  const auto flags = axis_flags(node, axes, static_cast<int>(input.size()));
  if (!flags) return std::nullopt;
  Dims dims;
  for (size_t i = 0; i < input.size(); ++i) {
    if (!(*flags)[i]) {
      dims.push_back(input[i]);
    } else if (input[i].is_known() && input[i].value() != 1) {
      node.fail(invalid_argument("expected 1 at axis {}, found {}", i, input[i].value()));
    }
  }
  return dims;
}

void infer(Inference& node) {
  const ListArgument axes =
      node.version() < 13 ? list_argument(node, "axes") : list_argument(node, 1);
  std::optional<Dims> dims;
  if (const std::optional<Dims>& input = node.shape(0)) {
    if (axes.absent) {
      dims = infer_all(*input);
    } else if (axes.values) {
      dims = infer_axes(node, *input, *axes.values);
    } else if (const auto count = vector_length(node, 1); count && *count <= input->size()) {
      dims = Dims(input->size() - *count);
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
  if (std::optional<Dims> elements = small_elements(node, 0)) {
    set_elements(node, 0, std::move(*elements));
  }
}

class Squeeze final : public Kernel {
 public:
  explicit Squeeze(const NodeInfo& node)
      : has_attribute_(node.version() < 13),
        has_axes_(node.has("axes")),
        axes_(has_attribute_ ? node.integers("axes") : std::vector<int64_t>()) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    if (has_attribute_) return has_axes_ ? squeeze(call, axes_) : squeeze_all(call);
    if (!call.has(1)) return squeeze_all(call);
    ASSIGN_OR_RETURN(const IntList list, read_ints(call, 1, "axes"));
    return squeeze(call, list);
  }

 private:
  static Status squeeze_all(Call& call) {
    std::array<int64_t, kMaxRank> axes{};
    size_t count = 0;
    for (int i = 0; i < call.shape(0).rank(); ++i) {
      if (call.shape(0)[i] == 1) axes[count++] = i;
    }
    return squeeze(call, std::span<const int64_t>(axes.data(), count));
  }

  static Status squeeze(Call& call, std::span<const int64_t> axes) {
    const Shape& input = call.shape(0);
    ASSIGN_OR_RETURN(const uint32_t mask, resolve_axes(axes, input.rank()));
    std::array<int64_t, kMaxRank> dims{};
    size_t rank = 0;
    for (int i = 0; i < input.rank(); ++i) {
      if ((mask >> i & 1) == 0) {
        dims[rank++] = input[i];
      } else if (input[i] != 1) {
        return invalid_argument("expected 1 at axis {} of shape {}", i, input.to_string());
      }
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    return set_view(call, 0, shape);
  }

  bool has_attribute_;
  bool has_axes_;
  std::vector<int64_t> axes_;
};

}  // namespace

extern const Operator kSqueeze = {.domain = "",
                                  .name = "Squeeze",
                                  .versions = {1, 11, 13, 21, 23, 24, 25},
                                  .inputs = {1, 2},
                                  .infer = infer,
                                  .create = make<Squeeze>,
                                  .memory = Memory::kView};

}  // namespace escuta::ops
