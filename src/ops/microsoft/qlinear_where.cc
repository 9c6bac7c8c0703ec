// QLinearWhere (com.microsoft 1): x where a condition holds, else y, all quantised.
// Inputs: condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale, z_zero_point.
#include "ops/broadcast.h"
#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(1),
           broadcast(node, broadcast(node, node.shape(0), node.shape(1)), node.shape(4)));
}

// What each of the 256 elements is in another scale.
template <typename T>
std::array<T, 256> table_of(const Quantizer& from, const Quantizer& to) {
  std::array<T, 256> table;
  for (int i = 0; i < 256; ++i) {
    const int32_t q = static_cast<T>(static_cast<uint8_t>(i));
    table[static_cast<size_t>(i)] =
        saturate<T>(static_cast<float>(q - from.zero) * from.scale / to.scale, to.zero);
  }
  return table;
}

Status run(Call& call) {
  const DType dtype = call.dtype(1);
  RETURN_IF_ERROR(check_dtype(call, 0, DType::kBool));
  RETURN_IF_ERROR(check_dtype(call, 4, dtype));
  ASSIGN_OR_RETURN(const Quantizer x, read_quantizer(call, 2, 3, dtype));
  ASSIGN_OR_RETURN(const Quantizer y, read_quantizer(call, 5, 6, dtype));
  ASSIGN_OR_RETURN(const Quantizer z, read_quantizer(call, 7, 8, dtype));
  ASSIGN_OR_RETURN(const auto shapes,
                   Broadcast<3>::create({&call.shape(0), &call.shape(1), &call.shape(4)}));
  return dispatch(Bytes{}, dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shapes.shape()));
    const std::byte* condition = call.input(0).bytes();
    const T* left = call.input(1).as<T>().data();
    const T* right = call.input(4).as<T>().data();
    const auto of_x = table_of<T>(x, z);
    const auto of_y = table_of<T>(y, z);
    shapes.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const bool first = condition[src[0] + i * steps[0]] != std::byte{0};
        dst[at + i] = first ? of_x[static_cast<uint8_t>(left[src[1] + i * steps[1]])]
                            : of_y[static_cast<uint8_t>(right[src[2] + i * steps[2]])];
      }
    });
    return {};
  });
}

}  // namespace

extern const Operator kMsQLinearWhere = {.domain = "com.microsoft",
                                         .name = "QLinearWhere",
                                         .versions = {1},
                                         .inputs = {9, 9},
                                         .infer = infer,
                                         .create = make_function<run>,
                                         .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
