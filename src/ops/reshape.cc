// Reshape (ai.onnx 1, 5, 13, 14, 19, 21, 23, 24, 25). In `shape`, 0 takes the input's dimension at
// that place (not with allowzero), and one -1 takes what is left.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// What -1 stands for: the product of `input` by that of `others`, where symbols cancel.
Dim remainder(const NodeInfo& node, const Dims& input, const Dims& others) {
  Dim all(int64_t{1}), taken(int64_t{1});
  std::vector<std::string> symbols;
  for (const Dim& dim : input) {
    if (!dim.symbol().empty()) {
      symbols.push_back(dim.symbol());
      continue;
    }
    if (!dim.is_known()) return {};
    all = multiply(all, dim);
  }
  for (const Dim& dim : others) {
    if (!dim.symbol().empty()) {
      const auto same = std::ranges::find(symbols, dim.symbol());
      if (same == symbols.end()) return {};
      symbols.erase(same);
      continue;
    }
    if (!dim.is_known()) return {};
    taken = multiply(taken, dim);
  }
  if (!all.is_known() || !taken.is_known() || taken.value() == 0) return {};
  if (symbols.empty()) {
    if (all.value() % taken.value() != 0) {
      node.fail(invalid_argument("{} elements do not divide into {}", all.value(), taken.value()));
      return {};
    }
    return Dim(all.value() / taken.value());
  }
  if (symbols.size() == 1 && all == taken && all.value() > 0) return Dim(symbols.front());
  return {};
}

// The shape that an input of shape `input` gets, as far as it is known.
Dims reshaped(const NodeInfo& node, const std::optional<Dims>& input,
              const std::vector<int64_t>& target, bool allow_zero) {
  Dims dims(target.size());
  Dims others;  // known from `target`
  Dims left;    // of the input, without what 0 takes
  if (input) left = *input;
  std::vector<bool> taken(left.size());
  std::optional<size_t> rest;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] < -1 || (target[i] == -1 && rest)) {
      node.fail(invalid_argument("expected dimensions of 0 or more and at most one -1, found {}",
                                 target[i]));
      return dims;
    }
    if (target[i] == -1) {
      rest = i;
    } else if (target[i] == 0 && !allow_zero) {
      if (!input) continue;
      if (i >= left.size()) {
        node.fail(invalid_argument("dimension {} of the shape is 0, and the input has only {}", i,
                                   left.size()));
        return dims;
      }
      dims[i] = left[i];
      taken[i] = true;
    } else {
      dims[i] = Dim(target[i]);
      others.push_back(dims[i]);
    }
  }
  if (!rest || !input) return dims;
  Dims remaining;
  for (size_t i = 0; i < left.size(); ++i) {
    if (!taken[i]) remaining.push_back(left[i]);
  }
  dims[*rest] = remainder(node, remaining, others);
  return dims;
}

// Without allowzero, a dimension that is computed takes the input's when it turns out to be 0. It
// is as computed all the same where the input's is that dimension, or has none there; or where the
// input has it elsewhere, and is then empty, and no other dimension of the result can be 0.
void drop_doubtful(Dims& dims, const std::optional<Dims>& input) {
  size_t doubtful = 0;
  std::vector<bool> keep(dims.size());
  bool others_positive = true;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool positive = dims[i].is_known() && dims[i].value() > 0;
    keep[i] = positive || (input && (i >= input->size() || (*input)[i] == dims[i]));
    if (!keep[i]) ++doubtful;
    if (keep[i] && !positive) others_positive = false;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    if (keep[i]) continue;
    const bool in_input =
        input && !dims[i].symbol().empty() && std::ranges::find(*input, dims[i]) != input->end();
    if (doubtful > 1 || !others_positive || !in_input) dims[i] = Dim();
  }
}

void infer(Inference& node) {
  const bool allow_zero = node.version() >= 14 && node.integer("allowzero", 0) != 0;
  const ListArgument shape = node.version() < 5
                                 ? ListArgument{.absent = false, .values = node.integers("shape")}
                                 : ListArgument{.absent = false, .values = node.constant_ints(1)};
  std::optional<Dims> dims;
  if (shape.values) {
    dims = reshaped(node, node.shape(0), *shape.values, allow_zero);
  } else if (std::optional<Dims> elements = small_elements(node, 1)) {
    dims = std::move(elements);
    if (!allow_zero) drop_doubtful(*dims, node.shape(0));
  } else if (const std::optional<size_t> rank = vector_length(node, 1); rank && *rank <= kMaxRank) {
    dims = Dims(*rank);
  }
  node.set(0, node.dtype(0), dims);
  // Integers stay the elements of a shape when they become a vector or a scalar.
  if (dims && dims->size() <= 1) {
    if (const std::optional<Dims> elements = small_elements(node, 0)) {
      set_elements(node, 0, *elements);
    }
  }
}

class Reshape final : public Kernel {
 public:
  explicit Reshape(const NodeInfo& node)
      : allow_zero_(node.version() >= 14 && node.integer("allowzero", 0) != 0),
        has_attribute_(node.version() < 5),
        shape_(has_attribute_ ? node.integers("shape") : std::vector<int64_t>()) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    if (has_attribute_) return reshape(call, shape_);
    ASSIGN_OR_RETURN(const IntList list, read_ints(call, 1, "shape"));
    return reshape(call, list);
  }

 private:
  Status reshape(Call& call, std::span<const int64_t> target) const {
    const Shape& input = call.shape(0);
    if (target.size() > kMaxRank) {
      return invalid_argument("expected at most {} dimensions, found {}", kMaxRank, target.size());
    }
    std::array<int64_t, kMaxRank> dims{};
    int64_t taken = 1;    // the product of the dimensions that `shape` says
    uint32_t copied = 0;  // bits: the dimensions that it takes from the input
    int rest = -1;
    for (size_t i = 0; i < target.size(); ++i) {
      dims[i] = target[i];
      if (target[i] == -1 && rest < 0) {
        rest = static_cast<int>(i);
      } else if (target[i] < 0) {
        return invalid_argument("expected dimensions of 0 or more and at most one -1, found {}",
                                target[i]);
      } else if (target[i] == 0 && !allow_zero_) {
        if (static_cast<int>(i) >= input.rank()) {
          return invalid_argument("dimension {} of the shape is 0, and the input has only {}", i,
                                  input.rank());
        }
        dims[i] = input[static_cast<int>(i)];
        copied |= uint32_t{1} << i;
      } else if (__builtin_mul_overflow(taken, target[i], &taken)) {
        return invalid_argument("the shape has more elements than 64 bits can count");
      }
    }
    if (rest >= 0) {
      // Dimensions that are copied cancel, so that one of 0 elements does not hide the rest.
      int64_t all = 1;
      for (int i = 0; i < input.rank(); ++i) {
        if ((copied >> i & 1) == 0) all *= input[i];
      }
      if (taken == 0 || all % taken != 0) {
        return invalid_argument("shape {} does not divide into what the shape says but -1 ({})",
                                input.to_string(), taken);
      }
      dims[static_cast<size_t>(rest)] = all / taken;
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), target.size()}));
    return set_view(call, 0, shape);
  }

  bool allow_zero_;
  bool has_attribute_;
  std::vector<int64_t> shape_;
};

}  // namespace

extern const Operator kReshape = {.domain = "",
                                  .name = "Reshape",
                                  .versions = {1, 5, 13, 14, 19, 21, 23, 24, 25},
                                  .inputs = {1, 2},
                                  .infer = infer,
                                  .create = make<Reshape>,
                                  .memory = Memory::kView};

}  // namespace escuta::ops
