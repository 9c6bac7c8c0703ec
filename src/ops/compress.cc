// Compress (ai.onnx 9, 11): the slices along `axis` (without it: the elements) whose condition is
// true. Slices beyond the condition's end are left out.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  std::optional<Dims> dims = Dims(1);
  if (node.has("axis")) {
    dims = node.shape(0);
    if (dims) {
      const int axis =
          normalize_axis(node, node.integer("axis", 0), static_cast<int>(dims->size()));
      if (!node.status().ok()) return;
      (*dims)[static_cast<size_t>(axis)] = Dim();
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class Compress final : public Kernel {
 public:
  explicit Compress(const NodeInfo& node)
      : has_axis_(node.has("axis")), axis_(node.integer("axis", 0)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    if (call.dtype(1) != DType::kBool || call.shape(1).rank() != 1) {
      return invalid_argument("condition: expected a vector of booleans, found {} {}",
                              dtype_name(call.dtype(1)), call.shape(1).to_string());
    }
    const Shape& input = call.shape(0);
    int64_t outer = 1, length = input.count(), inner = 1;
    std::array<int64_t, kMaxRank> dims{};
    size_t rank = 1;
    int axis = 0;
    if (has_axis_) {
      ASSIGN_OR_RETURN(axis, resolve_axis(axis_, input.rank()));
      rank = input.dims().size();
      std::copy(input.dims().begin(), input.dims().end(), dims.begin());
      length = input[axis];
      for (int i = 0; i < input.rank(); ++i) {
        if (i != axis) (i < axis ? outer : inner) *= input[i];
      }
    }
    const std::span<const bool> all = call.input(1).as<bool>();
    const size_t used = std::min(all.size(), static_cast<size_t>(length));
    if (std::ranges::find(all.subspan(used), true) != all.end()) {
      return invalid_argument("the condition picks slices beyond the {} that there are", length);
    }
    const std::span<const bool> condition = all.first(used);
    dims[static_cast<size_t>(axis)] = std::ranges::count(condition, true);
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* from = reinterpret_cast<const T*>(src);
      T* to = out.as<T>();
      for (int64_t o = 0; o < outer; ++o, from += length * inner) {
        for (size_t i = 0; i < used; ++i) {
          if (!condition[i]) continue;
          to = std::copy_n(from + static_cast<int64_t>(i) * inner, inner, to);
        }
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  bool has_axis_;
  int64_t axis_;
};

}  // namespace

extern const Operator kCompress = {.domain = "",
                                   .name = "Compress",
                                   .versions = {9, 11},
                                   .inputs = {2, 2},
                                   .infer = infer,
                                   .create = make<Compress>};

}  // namespace escuta::ops
