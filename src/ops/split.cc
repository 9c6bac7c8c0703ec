// Split (ai.onnx 1, 2, 11, 13, 18): parts of a tensor along `axis`. Their lengths are the attribute
// `split` before 13 (in version 1, perhaps input 1), input 1 from then on; without it they are
// equal, and from 18 on the last one may be shorter.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// The length of part i of `parts` where none is given.
Result<int64_t> equal_part(int64_t length, int64_t i, int64_t parts, bool may_be_uneven) {
  if (!may_be_uneven && length % parts != 0) {
    return invalid_argument("a length of {} does not divide into {} equal parts", length, parts);
  }
  const int64_t part = length / parts + (length % parts != 0 ? 1 : 0);
  const int64_t begin = std::min(length, part * i);
  return std::min(part, length - begin);
}

Status check_outputs(const NodeInfo& node) {
  const auto count = static_cast<int64_t>(node.output_count());
  const int64_t wanted = node.version() < 18 ? count : node.integer("num_outputs", count);
  if (wanted == count) return {};
  return invalid_argument("expected as many outputs as `num_outputs` says ({}), found {}", wanted,
                          count);
}

bool has_split_input(const NodeInfo& node) {
  return node.has_input(1) && (node.version() == 1 || node.version() >= 13);
}

// The lengths of the parts, as far as they are known.
Dims lengths(const Inference& node, const Dim& whole) {
  const size_t parts = node.output_count();
  const bool input = has_split_input(node);
  const ListArgument split =
      input || node.version() >= 13 ? list_argument(node, 1) : list_argument(node, "split");
  Dims result(parts);
  if (split.absent && whole.is_known()) {
    for (size_t i = 0; i < parts; ++i) {
      const Result<int64_t> part = equal_part(whole.value(), static_cast<int64_t>(i),
                                              static_cast<int64_t>(parts), node.version() >= 18);
      if (!part.ok()) {
        node.fail(part.status());
        return result;
      }
      result[i] = Dim(*part);
    }
  } else if (split.absent && parts == 1) {
    result[0] = whole;
  } else if (split.values) {
    if (split.values->size() != parts) {
      node.fail(invalid_argument("expected {} lengths in `split`, found {}", parts,
                                 split.values->size()));
      return result;
    }
    for (size_t i = 0; i < parts; ++i) result[i] = dim_of((*split.values)[i]);
  } else if (const auto elements = small_elements(node, 1);
             input && elements && elements->size() == parts) {
    result = *elements;
  }
  return result;
}

// Parts of a vector that holds a shape are shapes.
void infer_elements(Inference& node, const Dims& parts) {
  const std::optional<Dims> elements = small_elements(node, 0);
  if (!elements) return;
  size_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].is_known()) return;
    const auto count = static_cast<size_t>(parts[i].value());
    if (count > elements->size() - at) return;
    const auto begin = elements->begin() + static_cast<std::ptrdiff_t>(at);
    set_elements(node, i, Dims(begin, begin + static_cast<std::ptrdiff_t>(count)));
    at += count;
  }
}

void infer(Inference& node) {
  if (Status status = check_outputs(node); !status.ok()) return node.fail(std::move(status));
  if (node.output_count() == 0) return;
  for (size_t i = 0; i < node.output_count(); ++i) node.set(i, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  const Dims& input = *node.shape(0);
  const auto axis = static_cast<size_t>(
      normalize_axis(node, node.integer("axis", 0), static_cast<int>(input.size())));
  if (!node.status().ok()) return;
  const Dims parts = lengths(node, input[axis]);
  for (size_t i = 0; i < parts.size(); ++i) {
    Dims dims = input;
    dims[axis] = parts[i];
    node.set(i, node.dtype(0), std::move(dims));
  }
  if (input.size() == 1) infer_elements(node, parts);
}

class Split final : public Kernel {
 public:
  explicit Split(const NodeInfo& node)
      : axis_(node.integer("axis", 0)),
        has_input_(node.version() == 1 || node.version() >= 13),
        has_attribute_(node.version() < 13 && node.has("split")),
        uneven_(node.version() >= 18),
        split_(has_attribute_ ? node.integers("split") : std::vector<int64_t>()) {
    node.fail(check_outputs(node));
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& input = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, input.rank()));
    const auto parts = static_cast<int64_t>(call.output_count());
    RETURN_IF_ERROR(check_lengths(call, input[axis]));
    const DType cells = cell_dtype(call.dtype(0));
    const size_t cell = cell_size(cells);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < axis; ++i) outer *= input[i];
    for (int i = axis + 1; i < input.rank(); ++i) inner *= input[i];
    std::array<int64_t, kMaxRank> dims{};
    std::copy(input.dims().begin(), input.dims().end(), dims.begin());
    int64_t at = 0;
    for (int64_t i = 0; i < parts; ++i) {
      ASSIGN_OR_RETURN(const int64_t length, length_of(call, i, input[axis]));
      if (!call.wants(static_cast<size_t>(i))) {
        at += length;
        continue;
      }
      dims[static_cast<size_t>(axis)] = length;
      ASSIGN_OR_RETURN(const Shape shape,
                       Shape::create({dims.data(), static_cast<size_t>(input.rank())}));
      ASSIGN_OR_RETURN(const OutputCells out,
                       OutputCells::create(call, static_cast<size_t>(i), call.dtype(0), shape));
      Walk<2> walk;
      walk.add(outer, {input[axis] * inner, length * inner});
      walk.add(length * inner, {1, 1});
      RETURN_IF_ERROR(
          copy_cells(cells, walk, src + static_cast<size_t>(at * inner) * cell, out.data()));
      out.finish();
      at += length;
    }
    return {};
  }

 private:
  bool given(const Call& call) const { return has_input_ && call.has(1); }

  Result<int64_t> length_of(const Call& call, int64_t i, int64_t whole) const {
    if (given(call)) return int_at(call.input(1), i);
    if (has_attribute_) return split_[static_cast<size_t>(i)];
    return equal_part(whole, i, static_cast<int64_t>(call.output_count()), uneven_);
  }

  // As many lengths as outputs, none negative, that add up to the whole.
  Status check_lengths(const Call& call, int64_t whole) const {
    const auto parts = static_cast<int64_t>(call.output_count());
    if (given(call)) RETURN_IF_ERROR(check_int_tensor(call, 1, "split"));
    const int64_t count = given(call)      ? call.input(1).count()
                          : has_attribute_ ? static_cast<int64_t>(split_.size())
                                           : parts;
    if (count != parts) return invalid_argument("expected {} lengths, found {}", parts, count);
    int64_t left = whole;
    for (int64_t i = 0; i < parts; ++i) {
      ASSIGN_OR_RETURN(const int64_t length, length_of(call, i, whole));
      if (length < 0 || length > left) {
        return invalid_argument("expected parts that add up to {}, found a part of {} with {} left",
                                whole, length, left);
      }
      left -= length;
    }
    if (left == 0) return {};
    return invalid_argument("expected parts that add up to {}, found {} less", whole, left);
  }

  int64_t axis_;
  bool has_input_;
  bool has_attribute_;
  bool uneven_;
  std::vector<int64_t> split_;
};

}  // namespace

extern const Operator kSplit = {.domain = "",
                                .name = "Split",
                                .versions = {1, 2, 11, 13, 18},
                                .inputs = {1, 2},
                                .outputs = {1, kAny},
                                .infer = infer,
                                .create = make<Split>};

}  // namespace escuta::ops
