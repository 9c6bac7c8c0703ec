#include "runtime/run.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "runtime/access.h"

namespace escuta::api {
namespace {

using detail::Access;

std::string names_of(std::span<const engine::IoInfo> list) {
  std::string names;
  for (const engine::IoInfo& io : list) names += (names.empty() ? "`" : ", `") + io.name + "`";
  return names.empty() ? "none" : names;
}

void put(const Value& value, size_t index, Bound& bound) {
  const detail::Datum* datum = Access::datum(value);
  if (datum == nullptr) return;
  bound.values[index] = engine::Value::of(datum->datum);
  if (datum->borrowed) bound.borrowed.emplace_back(datum->datum.bytes(), datum->datum.byte_size());
}

bool uses(const std::byte* data, std::span<const std::span<const std::byte>> borrowed) {
  const std::less<const std::byte*> before;
  return std::any_of(borrowed.begin(), borrowed.end(), [&](std::span<const std::byte> memory) {
    return !before(data, memory.data()) && before(data, memory.data() + memory.size());
  });
}

// The datum, with copies of what lies in the caller's memory.
escuta::Result<Datum> detach(Datum datum, const Bound& bound) {
  if (bound.borrowed.empty()) return datum;
  if (datum.is_tensor()) {
    if (datum.dtype() == escuta::DType::kString || !uses(datum.bytes(), bound.borrowed)) {
      return datum;
    }
    ASSIGN_OR_RETURN(Datum copy, Datum::create(datum.dtype(), datum.shape()));
    std::copy_n(datum.bytes(), datum.byte_size(), copy.mutable_bytes());
    return copy;
  }
  if (datum.kind() == Datum::Kind::kSequence) {
    auto sequence = std::make_shared<Sequence>();
    sequence->dtype = datum.sequence().dtype;
    for (const Datum& item : datum.sequence().items) {
      ASSIGN_OR_RETURN(Datum own, detach(item, bound));
      sequence->items.push_back(std::move(own));
    }
    return Datum::of(std::shared_ptr<const Sequence>(std::move(sequence)));
  }
  if (datum.kind() == Datum::Kind::kMap) {
    auto map = std::make_shared<Map>();
    ASSIGN_OR_RETURN(map->keys, detach(datum.map().keys, bound));
    ASSIGN_OR_RETURN(map->values, detach(datum.map().values, bound));
    return Datum::of(std::shared_ptr<const Map>(std::move(map)));
  }
  return datum;
}

}  // namespace

escuta::Result<Bound> bind(const engine::Session& session, const Inputs& inputs) {
  Bound bound;
  bound.values.resize(session.inputs().size());
  const auto& by_position = Access::by_position(inputs);
  if (by_position.size() > bound.values.size()) {
    return invalid_argument("expected at most {} inputs, {}, found {}", bound.values.size(),
                            names_of(session.inputs()), by_position.size());
  }
  for (size_t i = 0; i < by_position.size(); ++i) put(by_position[i], i, bound);
  std::vector<bool> seen(bound.values.size());
  for (const auto& [name, value] : Access::by_name(inputs)) {
    const std::optional<size_t> index = session.input_index(name);
    if (!index) {
      return invalid_argument("expected one of the inputs {}, found `{}`",
                              names_of(session.inputs()), name);
    }
    if (seen[*index]) return invalid_argument("expected input `{}` once, found it twice", name);
    seen[*index] = true;
    put(value, *index, bound);
  }
  return bound;
}

escuta::Result<Wanted> choose_outputs(const engine::Session& session,
                                      std::span<const std::string> names) {
  const size_t count = session.outputs().size();
  Wanted wanted;
  wanted.flags = std::make_unique<bool[]>(count);
  for (size_t i = 0; i < count && names.empty(); ++i) {
    wanted.outputs.push_back(i);
    wanted.flags[i] = true;
  }
  for (const std::string& name : names) {
    const std::optional<size_t> index = session.output_index(name);
    if (!index) {
      return invalid_argument("expected one of the outputs {}, found `{}`",
                              names_of(session.outputs()), name);
    }
    if (wanted.flags[*index]) {
      return invalid_argument("expected output `{}` once, found it twice", name);
    }
    wanted.outputs.push_back(*index);
    wanted.flags[*index] = true;
  }
  return wanted;
}

engine::RunControl control_of(const RunOptions& options) {
  engine::RunControl control;
  if (options.cancellation) control.cancelled = Access::flag(*options.cancellation);
  control.deadline = options.deadline;
  return control;
}

escuta::Result<Outputs> run_bound(const engine::Session& session, const Bound& bound,
                                  const Wanted& wanted, const engine::RunControl& control) {
  RETURN_IF_ERROR(control.check());
  const size_t count = session.outputs().size();
  std::vector<engine::Value> results(count);
  RETURN_IF_ERROR(session.run(bound.values, {wanted.flags.get(), count}, results, control));
  std::vector<std::string> names;
  std::vector<Value> values;
  for (const size_t i : wanted.outputs) {
    ASSIGN_OR_RETURN(Datum datum, results[i].to_datum());
    ASSIGN_OR_RETURN(datum, detach(std::move(datum), bound));
    names.push_back(session.outputs()[i].name);
    values.push_back(Access::value(std::move(datum)));
  }
  return Access::outputs(std::move(names), std::move(values));
}

}  // namespace escuta::api
