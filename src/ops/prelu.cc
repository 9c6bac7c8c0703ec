// PRelu (ai.onnx 1, 6, 7, 9, 16): slope * x below 0. Before version 7 a slope of several elements
// has one for each channel, dimension 1; later it broadcasts to x. Models exist that give slopes by
// channel later too: they are taken where they do not broadcast.
#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

using PReluTypes = Types<float, double, Float16, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;

class PRelu final : public Kernel {
 public:
  explicit PRelu(const NodeInfo& node) : by_channel_(node.version() < 7) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    if (call.dtype(0) != call.dtype(1)) {
      return invalid_argument("expected x and slope of one element type, found {} and {}",
                              dtype_name(call.dtype(0)), dtype_name(call.dtype(1)));
    }
    ASSIGN_OR_RETURN(const Shape slope, align(x, call.shape(1)));
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&x, &slope}));
    if (!(broadcast.shape() == x)) {
      return invalid_argument("expected a slope that broadcasts to {}, found {}", x.to_string(),
                              call.shape(1).to_string());
    }
    return dispatch(PReluTypes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, x));
      map_broadcast(broadcast, call.input(0).as<T>().data(), call.input(1).as<T>().data(), dst,
                    [](auto a, auto b) { return a < 0 ? wrapping_mul(a, b) : a; });
      return {};
    });
  }

 private:
  // The slope's shape for numpy's rules.
  Result<Shape> align(const Shape& x, const Shape& slope) const {
    if (slope.count() == 1) return Shape{};
    if (slope.rank() != 1 || x.rank() < 2 || slope[0] != x[1]) return slope;
    if (!by_channel_ && slope[0] == x[x.rank() - 1]) return slope;
    std::array<int64_t, kMaxRank> dims;
    dims.fill(1);
    dims[1] = slope[0];
    return Shape::create({dims.data(), static_cast<size_t>(x.rank())});
  }

  bool by_channel_;
};

}  // namespace

extern const Operator kPRelu = {
    .domain = "",
    .name = "PRelu",
    .versions = {1, 6, 7, 9, 16},
    .inputs = {2, 2},
    .infer = [](Inference& node) { node.set(0, node.dtype(0), node.shape(0)); },
    .create = make<PRelu>,
    .tolerance = Tolerance::kRounding,
    .memory = Memory::kInPlace};

}  // namespace escuta::ops
