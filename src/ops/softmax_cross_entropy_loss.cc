// SoftmaxCrossEntropyLoss: the negative log likelihood of LogSoftmax of the scores over the
// classes; output 1 is that LogSoftmax.
#include "ops/lines.h"
#include "ops/loss.h"
#include "ops/softmax.h"

namespace escuta::ops {
namespace {

class SoftmaxCrossEntropyLoss final : public Kernel {
 public:
  explicit SoftmaxCrossEntropyLoss(const NodeInfo& node) : rule_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(rule_.check(call));
    ASSIGN_OR_RETURN(const Lines lines, Lines::along(call.shape(0), 1));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using W = Wide<T>;
      const T* src = call.input(0).as<T>().data();
      ASSIGN_OR_RETURN(T * logs, call.output<T>(1, call.shape(0)));
      lines.for_each([&](int64_t at) {
        const W top = greatest(src + at, lines.count, lines.step);
        const W rest = static_cast<W>(std::log(exp_sum(src + at, lines.count, lines.step, top)));
        for (int64_t i = 0; i < lines.count; ++i) {
          const int64_t j = at + i * lines.step;
          logs[j] = static_cast<T>(static_cast<W>(src[j]) - top - rest);
        }
      });
      return rule_.run(call, static_cast<const T*>(logs));
    });
  }

 private:
  LossRule rule_;
};

void infer(Inference& node) {
  infer_loss(node);
  node.copy(1, 0);
}

}  // namespace

extern const Operator kSoftmaxCrossEntropyLoss = {.domain = "",
                                                  .name = "SoftmaxCrossEntropyLoss",
                                                  .versions = {12, 13},
                                                  .inputs = {2, 3},
                                                  .outputs = {1, 2},
                                                  .infer = infer,
                                                  .create = make<SoftmaxCrossEntropyLoss>,
                                                  .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
