// StringConcat (ai.onnx 20).
#include "ops/broadcast.h"
#include "ops/check_input.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_dtype(call, 0, DType::kString));
  RETURN_IF_ERROR(check_dtype(call, 1, DType::kString));
  ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&call.shape(0), &call.shape(1)}));
  ASSIGN_OR_RETURN(std::string * dst, call.output<std::string>(0, broadcast.shape()));
  const std::string* a = call.input(0).as<std::string>().data();
  const std::string* b = call.input(1).as<std::string>().data();
  broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
    for (int64_t i = 0; i < count; ++i) {
      dst[at + i] = a[src[0] + i * steps[0]] + b[src[1] + i * steps[1]];
    }
  });
  return {};
}

}  // namespace

extern const Operator kStringConcat = {.domain = "",
                                       .name = "StringConcat",
                                       .versions = {20},
                                       .inputs = {2, 2},
                                       .infer = infer_broadcast,
                                       .create = make_function<run>};

}  // namespace escuta::ops
