// Scan (ai.onnx 8, 9, 11, 16, 19, 21, 23, 24, 25): runs its body once for each slice of the scan
// inputs. Inputs: the first values of the state, then the scan inputs. Outputs: the last values of
// the state, then the scan outputs, joined from what the body gives.
//
// Version 8 has a batch dimension in front of everything, scans dimension 1, and takes the length
// of each sequence of the batch as input 0; what lies behind it in the scan outputs is 0.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/body.h"
#include "ops/check_input.h"
#include "ops/check_kind.h"
#include "ops/elements.h"
#include "ops/operator.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

// How long the scan is.
struct Extent {
  int64_t batch = 1;
  int64_t length = 0;
};

// One scan input during a run.
struct Source {
  const Datum* datum = nullptr;
  Shape slice;   // of one iteration
  int axis = 0;  // 0 where version 8 scans dimension 1
  bool reversed = false;
  std::byte* gathered = nullptr;  // where a slice is brought together that is not in one piece

  // Slice t of sequence b, which has `length` slices.
  Result<Datum> at(int64_t b, int64_t t, const Extent& extent, int64_t length) const {
    const int64_t place = reversed ? length - 1 - t : t;
    const int64_t each = slice.count();
    if (axis == 0) return part_of(*datum, (b * extent.length + place) * each, slice);
    const AxisView view(datum->shape(), axis);
    if (gathered != nullptr) {
      clear_elements(datum->dtype(), gathered, each);
      take_slices(datum->dtype(), datum->bytes(), view, place, 1, gathered);
      return Datum::borrow(datum->dtype(), slice, gathered);
    }
    ASSIGN_OR_RETURN(Datum copy, Datum::create(datum->dtype(), slice));
    take_slices(datum->dtype(), datum->bytes(), view, place, 1, copy.mutable_bytes());
    return copy;
  }
};

// One scan output during a run.
struct Sink {
  DType dtype = DType::kUndefined;
  Shape item;
  Shape shape;
  int axis = 0;
  std::byte* memory = nullptr;
};

class Scan final : public Kernel {
 public:
  explicit Scan(const NodeInfo& node);
  Status run(Call& call) const override;

 private:
  Result<Extent> measure(const Call& call) const;
  Status open_sources(Call& call, std::span<Source> sources) const;
  Status open_sink(Call& call, size_t i, DType dtype, const Shape& item, const Extent& extent,
                   Sink* sink) const;
  Status run_sequence(Call& call, int64_t b, const Extent& extent, int64_t length,
                      std::span<Source> sources, std::span<Sink> sinks,
                      std::span<Datum> inputs) const;
  Status load_states(const Call& call, int64_t b, std::span<Datum> inputs) const;
  Status store_states(Call& call, int64_t b, int64_t batch, std::span<Datum> inputs,
                      std::span<std::byte*> stores) const;
  Status finish_empty(Call& call, const Extent& extent, std::span<Sink> sinks) const;

  size_t first() const { return batched_ ? 1 : 0; }
  const Datum& scan_input(const Call& call, size_t i) const {
    return call.input(first() + states_ + i);
  }

  Body body_;
  bool batched_;
  size_t states_ = 0;
  size_t scans_ = 0;    // inputs
  size_t results_ = 0;  // scan outputs
  std::vector<int64_t> input_axes_, input_directions_, output_axes_, output_directions_;
};

Scan::Scan(const NodeInfo& node) : body_(node, "body"), batched_(node.version() < 9) {
  if (!node.status().ok()) return;
  const int64_t scans = node.integer("num_scan_inputs", 0);
  if (scans < 1 || static_cast<uint64_t>(scans) > body_.inputs ||
      node.input_count() != first() + body_.inputs) {
    node.fail(invalid_argument(
        "expected a body with {} inputs, {} of them for scan inputs, found {}",
        node.input_count() - std::min(first(), node.input_count()), scans, body_.inputs));
    return;
  }
  scans_ = static_cast<size_t>(scans);
  states_ = body_.inputs - scans_;
  if (body_.outputs < states_ || node.output_count() > body_.outputs) {
    node.fail(invalid_argument("expected a body with {} states and {} outputs, found {} outputs",
                               states_, node.output_count(), body_.outputs));
    return;
  }
  results_ = body_.outputs - states_;
  const auto list = [&](std::string_view name, size_t count) {
    std::vector<int64_t> values = node.integers(name);
    if (!values.empty() && values.size() != count) {
      node.fail(invalid_argument("attribute `{}`: expected {} numbers, found {}", name, count,
                                 values.size()));
    }
    values.resize(count);
    return values;
  };
  input_directions_ = list(batched_ ? "directions" : "scan_input_directions", scans_);
  input_axes_ = list("scan_input_axes", scans_);
  output_axes_ = list("scan_output_axes", results_);
  output_directions_ = list("scan_output_directions", results_);
}

Result<Extent> Scan::measure(const Call& call) const {
  Extent extent;
  for (size_t i = 0; i < scans_ + states_; ++i) {
    const Datum& input = call.input(first() + i);
    RETURN_IF_ERROR(check_tensor(call, first() + i));
    const bool is_state = i < states_;
    int axis = 1;
    if (!batched_ && !is_state) {
      ASSIGN_OR_RETURN(axis, resolve_axis(input_axes_[i - states_], input.shape().rank()));
    }
    const int least = batched_ ? (is_state ? 1 : 2) : 0;
    if (input.shape().rank() < least) {
      return invalid_argument("input {}: expected {} dimensions or more, found shape {}",
                              first() + i, least, input.shape().to_string());
    }
    if (batched_ && i == 0) extent.batch = input.shape()[0];
    if (i == states_) extent.length = input.shape()[axis];
    if ((batched_ && input.shape()[0] != extent.batch) ||
        (!is_state && input.shape()[axis] != extent.length)) {
      return invalid_argument("input {}: expected batch {} and length {} as before, found shape {}",
                              first() + i, extent.batch, extent.length, input.shape().to_string());
    }
  }
  return extent;
}

Status Scan::open_sources(Call& call, std::span<Source> sources) const {
  for (size_t i = 0; i < scans_; ++i) {
    Source& source = sources[i];
    source.datum = &scan_input(call, i);
    const Shape& shape = source.datum->shape();
    source.reversed = input_directions_[i] != 0;
    if (batched_) {
      source.slice = remove_dim(remove_dim(shape, 0), 0);
      continue;
    }
    ASSIGN_OR_RETURN(source.axis, resolve_axis(input_axes_[i], shape.rank()));
    source.slice = remove_dim(shape, source.axis);
    if (source.axis > 0 && source.datum->dtype() != DType::kString) {
      ASSIGN_OR_RETURN(const size_t bytes,
                       dtype_bytes(source.datum->dtype(), source.slice.count()));
      ASSIGN_OR_RETURN(source.gathered, call.scratch(bytes));
    }
  }
  return {};
}

Status Scan::open_sink(Call& call, size_t i, DType dtype, const Shape& item, const Extent& extent,
                       Sink* sink) const {
  sink->dtype = dtype;
  sink->item = item;
  if (batched_) {
    ASSIGN_OR_RETURN(const Shape sequence, insert_dim(item, 0, extent.length));
    ASSIGN_OR_RETURN(sink->shape, insert_dim(sequence, 0, extent.batch));
  } else {
    ASSIGN_OR_RETURN(sink->axis, resolve_axis(output_axes_[i], item.rank() + 1));
    ASSIGN_OR_RETURN(sink->shape, insert_dim(item, sink->axis, extent.length));
  }
  ASSIGN_OR_RETURN(sink->memory, call.allocate(states_ + i, dtype, sink->shape));
  clear_elements(dtype, sink->memory, sink->shape.count());
  return {};
}

Status Scan::run_sequence(Call& call, int64_t b, const Extent& extent, int64_t length,
                          std::span<Source> sources, std::span<Sink> sinks,
                          std::span<Datum> inputs) const {
  SmallList<Datum> outputs(body_.outputs);
  for (int64_t t = 0; t < length; ++t) {
    RETURN_IF_ERROR(call.check_cancelled());
    for (size_t i = 0; i < scans_; ++i) {
      ASSIGN_OR_RETURN(inputs[states_ + i], sources[i].at(b, t, extent, length));
    }
    outputs.clear();
    RETURN_IF_ERROR(call.run_body(body_.index, inputs, outputs.span()));
    for (size_t i = 0; i < states_; ++i) {
      RETURN_IF_ERROR(check_like(outputs[i], inputs[i].dtype(), inputs[i].shape(), "scan state"));
      inputs[i] = std::move(outputs[i]);
    }
    for (size_t i = 0; i < results_; ++i) {
      const Datum& item = outputs[states_ + i];
      Sink& sink = sinks[i];
      if (sink.memory == nullptr && item.is_tensor()) {
        RETURN_IF_ERROR(open_sink(call, i, item.dtype(), item.shape(), extent, &sink));
      }
      RETURN_IF_ERROR(check_like(item, sink.dtype, sink.item, "scan output"));
      const int64_t place = output_directions_[i] != 0 ? length - 1 - t : t;
      const int64_t each = sink.item.count();
      if (batched_) {
        copy_elements(sink.dtype, item.bytes(), 0, sink.memory, (b * extent.length + place) * each,
                      each);
      } else {
        put_slices(sink.dtype, item.bytes(), sink.memory, AxisView(sink.shape, sink.axis), place,
                   1);
      }
    }
  }
  return {};
}

Status Scan::load_states(const Call& call, int64_t b, std::span<Datum> inputs) const {
  for (size_t i = 0; i < states_; ++i) {
    const Datum& state = call.input(first() + i);
    inputs[i] = state;
    if (!batched_) continue;
    const Shape shape = remove_dim(state.shape(), 0);
    ASSIGN_OR_RETURN(inputs[i], part_of(state, b * shape.count(), shape));
  }
  return {};
}

Status Scan::store_states(Call& call, int64_t b, int64_t batch, std::span<Datum> inputs,
                          std::span<std::byte*> stores) const {
  for (size_t i = 0; i < states_; ++i) {
    if (!batched_) {
      call.set(i, std::move(inputs[i]));
      continue;
    }
    const Datum& state = inputs[i];
    if (b == 0) {
      ASSIGN_OR_RETURN(const Shape shape, insert_dim(state.shape(), 0, batch));
      ASSIGN_OR_RETURN(stores[i], call.allocate(i, state.dtype(), shape));
      clear_elements(state.dtype(), stores[i], shape.count());
    }
    const int64_t each = state.shape().count();
    copy_elements(state.dtype(), state.bytes(), 0, stores[i], b * each, each);
  }
  return {};
}

// Scan outputs of a scan without iterations are what the model says they are.
Status Scan::finish_empty(Call& call, const Extent& extent, std::span<Sink> sinks) const {
  for (size_t i = 0; i < results_; ++i) {
    if (sinks[i].memory != nullptr) continue;
    const graph::Fact& fact = body_.output_fact(states_ + i);
    bool known = fact.dtype != DType::kUndefined && fact.shape && fact.shape->size() <= kMaxRank;
    std::array<int64_t, kMaxRank> dims{};
    for (size_t k = 0; known && k < fact.shape->size(); ++k) {
      known = (*fact.shape)[k].is_known();
      dims[k] = known ? (*fact.shape)[k].value() : 0;
    }
    if (!known) {
      return invalid_argument(
          "the scan has no iteration, and its body does not say what scan output {} is: expected a "
          "type and a shape of numbers",
          i);
    }
    ASSIGN_OR_RETURN(const Shape item, Shape::create({dims.data(), fact.shape->size()}));
    RETURN_IF_ERROR(open_sink(call, i, fact.dtype, item, extent, &sinks[i]));
  }
  return {};
}

Status Scan::run(Call& call) const {
  ASSIGN_OR_RETURN(const Extent extent, measure(call));
  const bool has_lengths = batched_ && !call.input(0).is_none();
  if (has_lengths) {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kInt64));
    RETURN_IF_ERROR(check_shape(call, 0, Shape({extent.batch})));
  }
  SmallList<Source> sources(scans_);
  RETURN_IF_ERROR(open_sources(call, sources.span()));
  SmallList<Sink> sinks(results_);
  SmallList<Datum> inputs(body_.inputs);
  SmallList<std::byte*> stores(states_);
  for (int64_t b = 0; b < extent.batch; ++b) {
    int64_t length = extent.length;
    if (has_lengths) length = call.input(0).as<int64_t>()[static_cast<size_t>(b)];
    if (length < 0 || length > extent.length) {
      return invalid_argument("expected sequence lengths from 0 to {}, found {}", extent.length,
                              length);
    }
    RETURN_IF_ERROR(load_states(call, b, inputs.span()));
    RETURN_IF_ERROR(
        run_sequence(call, b, extent, length, sources.span(), sinks.span(), inputs.span()));
    RETURN_IF_ERROR(store_states(call, b, extent.batch, inputs.span(), stores.span()));
  }
  for (size_t i = 0; batched_ && extent.batch == 0 && i < states_; ++i) {
    const Datum& state = call.input(first() + i);
    RETURN_IF_ERROR(call.allocate(i, state.dtype(), state.shape()).status());
  }
  return finish_empty(call, extent, sinks.span());
}

// Removes dimension `axis` and says what it was; false when that cannot be.
bool take_dim(Fact* fact, int64_t axis, Dim* taken) {
  const auto rank = static_cast<int64_t>(fact->shape->size());
  if (axis < -rank || axis >= rank) return false;
  const auto at = fact->shape->begin() + (axis < 0 ? axis + rank : axis);
  if (!taken->is_known() && (at->is_known() || taken->symbol().empty())) *taken = *at;
  fact->shape->erase(at);
  return true;
}

void infer(Inference& node) {
  const Body body(node, "body");
  const bool batched = node.version() < 9;
  const size_t first = batched ? 1 : 0;
  const int64_t scans = node.integer("num_scan_inputs", 0);
  if (!node.status().ok() || scans < 1 || static_cast<uint64_t>(scans) > body.inputs) return;
  const size_t states = body.inputs - static_cast<size_t>(scans);
  if (body.outputs < states) return;
  const std::vector<int64_t> input_axes = node.integers("scan_input_axes");
  const std::vector<int64_t> output_axes = node.integers("scan_output_axes");
  Dim batch, length;
  std::vector<Fact> inputs(body.inputs);
  for (size_t i = 0; i < body.inputs; ++i) {
    Fact& fact = inputs[i];
    fact.dtype = node.dtype(first + i);
    fact.shape = node.shape(first + i);
    if (!fact.shape) continue;
    bool fits = !batched || take_dim(&fact, 0, &batch);
    if (fits && i >= states) {
      const size_t at = i - states;
      fits = take_dim(&fact, !batched && at < input_axes.size() ? input_axes[at] : 0, &length);
    }
    if (!fits) {
      return node.fail(invalid_argument("input {}: expected more dimensions to scan", first + i));
    }
  }
  const std::vector<Fact> facts = infer_outputs(node, "body", std::move(inputs), body.outputs);
  for (size_t i = 0; i < node.output_count() && i < body.outputs; ++i) {
    if (i < states) {
      node.set(i, node.dtype(first + i), node.shape(first + i));
      continue;
    }
    std::optional<Dims> shape = facts[i].shape;
    if (shape) {
      const int64_t given = i - states < output_axes.size() ? output_axes[i - states] : 0;
      const auto rank = static_cast<int64_t>(shape->size()) + 1;
      const int64_t axis = batched ? 0 : given < 0 ? given + rank : given;
      if (axis < 0 || axis >= rank) {
        return node.fail(
            invalid_argument("scan output {}: expected an axis from {} to {}, found {}", i - states,
                             -rank, rank - 1, given));
      }
      shape->insert(shape->begin() + axis, length);
      if (batched) shape->insert(shape->begin(), batch);
    }
    node.set(i, facts[i].dtype, std::move(shape));
  }
}

}  // namespace

extern const Operator kScan = {.domain = "",
                               .name = "Scan",
                               .versions = {8, 9, 11, 16, 19, 21, 23, 24, 25},
                               .inputs = {0, kAny},  // the first one may be absent in version 8
                               .outputs = {1, kAny},
                               .infer = infer,
                               .create = make<Scan>};

}  // namespace escuta::ops
