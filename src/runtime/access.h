// Between the public classes of include/escuta/runtime.h and the library's own. Any thread.
#pragma once

#include <escuta/runtime.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tensor/datum.h"

namespace escuta::api {

Status to_public(const escuta::Status& status);
template <typename T>
Result<T> to_public(escuta::Result<T> result) {
  if (!result.ok()) return to_public(result.status());
  return std::move(result).value();
}

namespace detail {

// What a public Tensor or Value points to; never a Datum of kind none.
struct Datum {
  escuta::Datum datum;
  bool borrowed =
      false;  // the elements are the caller's, so that nothing we give back may use them
};

struct Access {
  static Tensor tensor(escuta::Datum datum, bool borrowed = false) {
    Tensor tensor;
    if (datum.is_tensor()) {
      tensor.datum_ = std::make_shared<Datum>(Datum{std::move(datum), borrowed});
    }
    return tensor;
  }
  static Value value(escuta::Datum datum) {
    Value value;
    if (!datum.is_none()) value.datum_ = std::make_shared<Datum>(Datum{std::move(datum), false});
    return value;
  }
  static const Datum* datum(const Tensor& tensor) { return tensor.datum_.get(); }
  static const Datum* datum(const Value& value) { return value.datum_.get(); }
  static const std::vector<Value>& by_position(const Inputs& inputs) { return inputs.by_position_; }
  static const std::vector<std::pair<std::string, Value>>& by_name(const Inputs& inputs) {
    return inputs.by_name_;
  }
  static Outputs outputs(std::vector<std::string> names, std::vector<Value> values) {
    Outputs outputs;
    outputs.names_ = std::move(names);
    outputs.values_ = std::move(values);
    return outputs;
  }
  static const std::atomic<bool>* flag(const Cancellation& cancellation) {
    return cancellation.flag_.get();
  }
};

}  // namespace detail
}  // namespace escuta::api
