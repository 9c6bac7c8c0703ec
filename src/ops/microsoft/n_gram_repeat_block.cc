// NGramRepeatBlock (com.microsoft 1): scores of tokens that would repeat an n-gram become
// -infinity.
#include <algorithm>
#include <limits>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class NGramRepeatBlock final : public Kernel {
 public:
  explicit NGramRepeatBlock(const NodeInfo& node) : size_(node.integer("ngram_size", 0)) {
    if (size_ <= 0) node.fail(invalid_argument("expected ngram_size over 0, found {}", size_));
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(expect_shape(call, 0, "input_ids", {-1, -1}));
    const int64_t batch = call.shape(0)[0], length = call.shape(0)[1];
    RETURN_IF_ERROR(expect_shape(call, 1, "scores", {batch, -1}));
    const int64_t words = call.shape(1)[1];
    ASSIGN_OR_RETURN(const auto ids, elements<int64_t>(call, 0));
    ASSIGN_OR_RETURN(const auto scores, elements<float>(call, 1));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, call.shape(1)));
    std::copy(scores.begin(), scores.end(), dst);
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t* row = ids.data() + b * length;
      const int64_t* end = row + length;
      for (int64_t i = 0; i + size_ <= length; ++i) {
        if (!std::equal(row + i, row + i + size_ - 1, end - (size_ - 1))) continue;
        const int64_t word = row[i + size_ - 1];
        if (word < 0 || word >= words) {
          return out_of_range("expected ids from 0 to {}, found {}", words - 1, word);
        }
        dst[b * words + word] = -std::numeric_limits<float>::infinity();
      }
    }
    return {};
  }

 private:
  int64_t size_;
};

}  // namespace

extern const Operator kMsNGramRepeatBlock = {.domain = "com.microsoft",
                                             .name = "NGramRepeatBlock",
                                             .versions = {1},
                                             .inputs = {2, 2},
                                             .infer = [](Inference& node) { node.copy(0, 1); },
                                             .create = make<NGramRepeatBlock>};

}  // namespace escuta::ops
