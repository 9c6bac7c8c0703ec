// LabelEncoder (ai.onnx.ml 1, 2, 4): each element replaced as a table says; of a key that is there
// twice the later one counts, and NaN finds NaN.
//
// Version 1 maps strings to their place in `classes_strings`, or back.
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/elements.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

using KeyTypes = Types<int64_t, int32_t, int16_t, float, double>;
constexpr int64_t kUnknown = -1;

// A vector from the attributes <prefix>_tensor, _strings, _int64s or _floats; none: absent.
Result<Datum> read_list(const NodeInfo& node, const std::string& prefix) {
  if (const graph::ConstantPtr tensor = node.tensor(prefix + "_tensor")) {
    if (tensor->dtype == DType::kString) {
      if (static_cast<int64_t>(tensor->strings.size()) != tensor->shape.count()) {
        return invalid_argument("attribute `{}_tensor`: its strings are not there", prefix);
      }
      return Datum::of<std::string>(tensor->shape, tensor->strings);
    }
    ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(tensor->dtype, tensor->shape.count()));
    if (tensor->bytes.size() != bytes) {
      return invalid_argument("attribute `{}_tensor`: its elements are not there", prefix);
    }
    return Datum::borrow(tensor->dtype, tensor->shape, tensor->bytes.data()).to_owned();
  }
  if (const auto strings = node.texts(prefix + "_strings"); !strings.empty()) {
    return Datum::of<std::string>(Shape({static_cast<int64_t>(strings.size())}), strings);
  }
  if (const auto integers = node.integers(prefix + "_int64s"); !integers.empty()) {
    return Datum::of<int64_t>(Shape({static_cast<int64_t>(integers.size())}), integers);
  }
  if (const auto floats = node.numbers(prefix + "_floats"); !floats.empty()) {
    return Datum::of<float>(Shape({static_cast<int64_t>(floats.size())}), floats);
  }
  return Datum();
}

template <typename T>
Result<Datum> scalar(T value) {
  return Datum::of<T>(Shape({1}), std::span<const T>(&value, 1));
}

// What stands for an element without a key.
Result<Datum> read_default(const NodeInfo& node, DType dtype) {
  if (node.tensor("default_tensor") != nullptr) {
    ASSIGN_OR_RETURN(Datum given, read_list(node, "default"));
    if (given.dtype() != dtype || given.count() != 1) {
      return invalid_argument("attribute `default_tensor`: expected one {}, found {} {}",
                              dtype_name(dtype), dtype_name(given.dtype()),
                              given.shape().to_string());
    }
    return given;
  }
  switch (dtype) {
    case DType::kString:
      return scalar<std::string>(node.text("default_string", "_Unused"));
    case DType::kInt64:
      return scalar<int64_t>(node.integer("default_int64", -1));
    case DType::kInt32:
      return scalar<int32_t>(-1);
    case DType::kInt16:
      return scalar<int16_t>(-1);
    case DType::kFloat:
      return scalar<float>(node.number("default_float", -0.0f));
    case DType::kDouble:
      return scalar<double>(-0.0);
    default:
      return unimplemented("values of {} are not supported here", dtype_name(dtype));
  }
}

// From keys to their places.
class Table {
 public:
  static Result<Table> create(const Datum& keys) {
    Table table;
    table.dtype_ = keys.dtype();
    if (keys.dtype() == DType::kString) {
      int64_t place = 0;
      for (const std::string& key : keys.as<std::string>()) table.strings_[key] = place++;
      return table;
    }
    RETURN_IF_ERROR(dispatch(KeyTypes{}, keys.dtype(), [&](auto tag) -> Status {
      int64_t place = 0;
      for (const auto key : keys.as<decltype(tag)>()) table.add(key, place++);
      return {};
    }));
    return table;
  }

  DType dtype() const { return dtype_; }

  int64_t find(const std::string& key) const { return find_in(strings_, key); }
  int64_t find(int64_t key) const { return find_in(integers_, key); }
  int64_t find(double key) const { return std::isnan(key) ? nan_ : find_in(floats_, key); }

 private:
  template <typename T>
  void add(T key, int64_t place) {
    if constexpr (!std::is_floating_point_v<T>) {
      integers_[key] = place;
    } else if (std::isnan(key)) {
      nan_ = place;
    } else {
      floats_[key] = place;
    }
  }
  template <typename M, typename K>
  static int64_t find_in(const M& map, const K& key) {
    const auto found = map.find(key);
    return found == map.end() ? kUnknown : found->second;
  }

  DType dtype_ = DType::kUndefined;
  std::unordered_map<std::string, int64_t> strings_;
  std::unordered_map<int64_t, int64_t> integers_;
  std::unordered_map<double, int64_t> floats_;
  int64_t nan_ = kUnknown;
};

struct Mapping {
  Table table;
  Datum values;
  Datum otherwise;
};

class LabelEncoder final : public Kernel {
 public:
  explicit LabelEncoder(std::vector<Mapping> mappings) : mappings_(std::move(mappings)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Datum& input = call.input(0);
    for (const Mapping& mapping : mappings_) {
      if (mapping.table.dtype() != input.dtype()) continue;
      ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, mapping.values.dtype(), input.shape()));
      if (input.dtype() == DType::kString) {
        replace(mapping, input.as<std::string>(), dst);
        return {};
      }
      return dispatch(KeyTypes{}, input.dtype(), [&](auto tag) -> Status {
        replace(mapping, input.as<decltype(tag)>(), dst);
        return {};
      });
    }
    return invalid_argument("expected elements of the keys' type {}, found {}",
                            dtype_name(mappings_[0].table.dtype()), dtype_name(input.dtype()));
  }

 private:
  template <typename T>
  static void replace(const Mapping& mapping, std::span<const T> src, std::byte* dst) {
    using Key =
        std::conditional_t<std::is_same_v<T, std::string>, const std::string&,
                           std::conditional_t<std::is_floating_point_v<T>, double, int64_t>>;
    const DType dtype = mapping.values.dtype();
    for (size_t i = 0; i < src.size(); ++i) {
      const int64_t place = mapping.table.find(static_cast<Key>(src[i]));
      const Datum& from = place == kUnknown ? mapping.otherwise : mapping.values;
      copy_elements(dtype, from.bytes(), std::max<int64_t>(place, 0), dst, static_cast<int64_t>(i),
                    1);
    }
  }

  std::vector<Mapping> mappings_;  // by the input's type
};

Result<KernelPtr> create(const NodeInfo& node) {
  std::vector<Mapping> mappings;
  const auto add = [&](Datum keys, Datum values) -> Status {
    if (!keys.is_tensor() || !values.is_tensor() || keys.count() != values.count()) {
      return invalid_argument("expected as many keys as values, found {} and {}",
                              keys.is_tensor() ? keys.count() : 0,
                              values.is_tensor() ? values.count() : 0);
    }
    ASSIGN_OR_RETURN(Table table, Table::create(keys));
    ASSIGN_OR_RETURN(Datum otherwise, read_default(node, values.dtype()));
    mappings.push_back({std::move(table), std::move(values), std::move(otherwise)});
    return {};
  };
  if (node.version() < 2) {
    const auto classes = node.texts("classes_strings");
    const Shape shape({static_cast<int64_t>(classes.size())});
    std::vector<int64_t> places(classes.size());
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
    ASSIGN_OR_RETURN(const Datum strings, Datum::of<std::string>(shape, classes));
    ASSIGN_OR_RETURN(const Datum integers, Datum::of<int64_t>(shape, places));
    RETURN_IF_ERROR(add(strings, integers));
    RETURN_IF_ERROR(add(integers, strings));
  } else {
    ASSIGN_OR_RETURN(Datum keys, read_list(node, "keys"));
    ASSIGN_OR_RETURN(Datum values, read_list(node, "values"));
    RETURN_IF_ERROR(add(std::move(keys), std::move(values)));
  }
  if (!node.status().ok()) return node.status();
  return KernelPtr(std::make_unique<LabelEncoder>(std::move(mappings)));
}

DType value_dtype(const Inference& node) {
  if (node.version() < 2) {
    const DType from = node.dtype(0);
    return from == DType::kString  ? DType::kInt64
           : from == DType::kInt64 ? DType::kString
                                   : DType::kUndefined;
  }
  if (const auto tensor = node.tensor("values_tensor")) return tensor->dtype;
  if (!node.texts("values_strings").empty()) return DType::kString;
  if (!node.integers("values_int64s").empty()) return DType::kInt64;
  return node.numbers("values_floats").empty() ? DType::kUndefined : DType::kFloat;
}

void infer(Inference& node) { node.set(0, value_dtype(node), node.shape(0)); }

}  // namespace

extern const Operator kMlLabelEncoder = {.domain = "ai.onnx.ml",
                                         .name = "LabelEncoder",
                                         .versions = {1, 2, 4},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = create};

}  // namespace escuta::ops
