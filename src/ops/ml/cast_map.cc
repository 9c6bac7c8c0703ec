// CastMap (ai.onnx.ml 1): the values of a map by rising key, as a tensor [1, N].
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/check_kind.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Result<float> to_float(const std::string& text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  while (begin < end && (*begin == ' ' || (*begin >= '\t' && *begin <= '\r'))) ++begin;
  if (begin < end && *begin == '+') ++begin;
  float value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop == begin) {
    return invalid_argument("expected a number to cast, found `{}`", text);
  }
  return value;
}

Result<int64_t> to_integer(const std::string& text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  while (begin < end && (*begin == ' ' || (*begin >= '\t' && *begin <= '\r'))) ++begin;
  if (begin < end && *begin == '+') ++begin;
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop == begin) {
    return invalid_argument("expected an integer to cast, found `{}`", text);
  }
  return value;
}

int64_t to_integer(float value) {
  constexpr float kLimit = 9223372036854775808.0f;
  if (std::isnan(value)) return 0;
  if (value >= kLimit) return std::numeric_limits<int64_t>::max();
  if (value < -kLimit) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

Status cast(const std::string& from, std::string* to) {
  *to = from;
  return {};
}
Status cast(const std::string& from, float* to) {
  ASSIGN_OR_RETURN(*to, to_float(from));
  return {};
}
Status cast(const std::string& from, int64_t* to) {
  ASSIGN_OR_RETURN(*to, to_integer(from));
  return {};
}
Status cast(float from, std::string* to) {
  *to = fmt::format("{:f}", from);
  return {};
}
Status cast(float from, float* to) {
  *to = from;
  return {};
}
Status cast(float from, int64_t* to) {
  *to = to_integer(from);
  return {};
}

class CastMap final : public Kernel {
 public:
  explicit CastMap(const NodeInfo& node)
      : cast_to_(node.text("cast_to", "TO_FLOAT")), length_(node.integer("max_map", 1)) {
    const std::string form = node.text("map_form", "DENSE");
    sparse_ = form == "SPARSE";
    if (!sparse_ && form != "DENSE") {
      node.fail(
          invalid_argument("attribute `map_form`: expected DENSE or SPARSE, found `{}`", form));
    }
    if (cast_to_ != "TO_FLOAT" && cast_to_ != "TO_STRING" && cast_to_ != "TO_INT64") {
      node.fail(invalid_argument(
          "attribute `cast_to`: expected TO_FLOAT, TO_STRING or TO_INT64, found `{}`", cast_to_));
    }
    if (sparse_ && length_ < 1) {
      node.fail(invalid_argument("attribute `max_map`: expected 1 or more, found {}", length_));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_map(call, 0));
    const Map& map = call.input(0).map();
    if (map.keys.dtype() != DType::kInt64 || map.values.count() != map.keys.count()) {
      return invalid_argument("expected a map from int64, found one from {}",
                              dtype_name(map.keys.dtype()));
    }
    return dispatch(Types<float, std::string>{}, map.values.dtype(), [&](auto from) -> Status {
      using From = decltype(from);
      if (cast_to_ == "TO_FLOAT") return write<From, float>(call, map, 0.0f);
      if (cast_to_ == "TO_INT64") return write<From, int64_t>(call, map, 0);
      return write<From, std::string>(call, map, "0.f");  // as ONNX Runtime fills gaps
    });
  }

 private:
  template <typename From, typename To>
  Status write(Call& call, const Map& map, const To& gap) const {
    const auto keys = map.keys.as<int64_t>();
    const auto values = map.values.as<From>();
    std::vector<size_t> order(keys.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::sort(order, {}, [&](size_t i) { return keys[i]; });
    const int64_t count = sparse_ ? length_ : static_cast<int64_t>(keys.size());
    ASSIGN_OR_RETURN(To * dst, call.output<To>(0, Shape({1, count})));
    if (sparse_) std::fill_n(dst, count, gap);
    for (size_t i = 0; i < order.size(); ++i) {
      const int64_t key = keys[order[i]];
      if (sparse_ && key < 0) return invalid_argument("expected keys of 0 or more, found {}", key);
      if (sparse_ && key >= count) continue;
      RETURN_IF_ERROR(cast(values[order[i]], &dst[sparse_ ? key : static_cast<int64_t>(i)]));
    }
    return {};
  }

  std::string cast_to_;
  int64_t length_;
  bool sparse_ = false;
};

void infer(Inference& node) {
  const std::string to = node.text("cast_to", "TO_FLOAT");
  const DType dtype = to == "TO_FLOAT"   ? DType::kFloat
                      : to == "TO_INT64" ? DType::kInt64
                                         : DType::kString;
  const int64_t length = node.integer("max_map", 1);
  const bool sparse = node.text("map_form", "DENSE") == "SPARSE" && length > 0;
  node.set(0, dtype, Dims{Dim(int64_t{1}), sparse ? Dim(length) : Dim()});
}

}  // namespace

extern const Operator kMlCastMap = {.domain = "ai.onnx.ml",
                                    .name = "CastMap",
                                    .versions = {1},
                                    .inputs = {1, 1},
                                    .infer = infer,
                                    .create = make<CastMap>};

}  // namespace escuta::ops
