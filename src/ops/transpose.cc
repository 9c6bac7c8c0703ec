// Transpose (ai.onnx 1, 13, 21, 23, 24, 25): dimension i of the result is dimension perm[i] of the
// input; without `perm` they are reversed.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  const std::vector<int64_t> perm = node.integers("perm");
  const bool has_perm = node.has("perm");
  std::optional<Dims> dims;
  if (node.shape(0)) {
    const Dims& input = *node.shape(0);
    const size_t rank = input.size();
    if (has_perm && perm.size() != rank) {
      node.fail(invalid_argument("expected a permutation of {} axes, found {}", rank, perm.size()));
      return;
    }
    if (!axis_flags(node, perm, static_cast<int>(rank))) return;
    dims.emplace();
    for (size_t i = 0; i < rank; ++i) {
      const int64_t from = has_perm ? perm[i] : static_cast<int64_t>(rank - 1 - i);
      dims->push_back(
          input[static_cast<size_t>(from < 0 ? from + static_cast<int64_t>(rank) : from)]);
    }
  } else if (has_perm && perm.size() <= kMaxRank) {
    dims = Dims(perm.size());
  }
  const bool vector = dims && dims->size() <= 1;
  node.set(0, node.dtype(0), std::move(dims));
  if (!vector) return;
  if (std::optional<Dims> elements = small_elements(node, 0)) {
    set_elements(node, 0, std::move(*elements));
  }
}

class Transpose final : public Kernel {
 public:
  explicit Transpose(const NodeInfo& node)
      : has_perm_(node.has("perm")), perm_(node.integers("perm")) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& input = call.shape(0);
    const int rank = input.rank();
    if (has_perm_ && perm_.size() != static_cast<size_t>(rank)) {
      return invalid_argument("expected a permutation of the axes of shape {}, found {} axes",
                              input.to_string(), perm_.size());
    }
    RETURN_IF_ERROR(resolve_axes(perm_, rank).status());
    const auto src_strides = strides_of(input);
    std::array<int64_t, kMaxRank> dims{}, strides{};
    for (int i = 0; i < rank; ++i) {
      const int64_t axis = has_perm_ ? perm_[static_cast<size_t>(i)] : rank - 1 - i;
      const auto from = static_cast<int>(axis < 0 ? axis + rank : axis);
      dims[static_cast<size_t>(i)] = input[from];
      strides[static_cast<size_t>(i)] = src_strides[static_cast<size_t>(from)];
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), static_cast<size_t>(rank)}));
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(copy_cells(out.dtype(), gather_walk(shape, strides), src, out.data()));
    out.finish();
    return {};
  }

 private:
  bool has_perm_;
  std::vector<int64_t> perm_;
};

}  // namespace

extern const Operator kTranspose = {.domain = "",
                                    .name = "Transpose",
                                    .versions = {1, 13, 21, 23, 24, 25},
                                    .inputs = {1, 1},
                                    .infer = infer,
                                    .create = make<Transpose>};

}  // namespace escuta::ops
