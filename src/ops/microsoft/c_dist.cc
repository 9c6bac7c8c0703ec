// CDist (com.microsoft 1): distances between the rows of A and those of B, Euclidean or its square.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class CDist final : public Kernel {
 public:
  explicit CDist(const NodeInfo& node) {
    const std::string metric = node.text("metric", "sqeuclidean");
    squared_ = metric == "sqeuclidean";
    if (!squared_ && metric != "euclidean") {
      node.fail(unimplemented("expected the metric euclidean or sqeuclidean, found {}", metric));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    RETURN_IF_ERROR(expect_shape(call, 0, "A", {-1, -1}));
    const int64_t rows = call.shape(0)[0], size = call.shape(0)[1];
    RETURN_IF_ERROR(expect_shape(call, 1, "B", {-1, size}));
    const int64_t cols = call.shape(1)[0];
    ASSIGN_OR_RETURN(const Shape shape, shape_of({rows, cols}));
    return dispatch(Types<float, double>{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(const auto a, elements<T>(call, 0));
      ASSIGN_OR_RETURN(const auto b, elements<T>(call, 1));
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          double sum = 0;
          for (int64_t k = 0; k < size; ++k) {
            const double difference = static_cast<double>(a[static_cast<size_t>(i * size + k)]) -
                                      static_cast<double>(b[static_cast<size_t>(j * size + k)]);
            sum += difference * difference;
          }
          *dst++ = static_cast<T>(squared_ ? sum : std::sqrt(sum));
        }
      }
      return {};
    });
  }

 private:
  bool squared_;
};

void infer(Inference& node) {
  const auto rows = [&](size_t i) { return node.rank(i) == 2 ? (*node.shape(i))[0] : Dim(); };
  node.set(0, node.dtype(0), Dims{rows(0), rows(1)});
}

}  // namespace

extern const Operator kMsCDist = {.domain = "com.microsoft",
                                  .name = "CDist",
                                  .versions = {1},
                                  .inputs = {2, 2},
                                  .infer = infer,
                                  .create = make<CDist>,
                                  .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
