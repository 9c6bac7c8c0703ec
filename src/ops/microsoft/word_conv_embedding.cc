// WordConvEmbedding (com.microsoft 1): a vector for each word from its characters: their
// embeddings, a convolution, tanh, and the largest of all places. Characters end at the first that
// is not over 0, and are filled up to the window with character 0; a word without any gives zeros.
#include <algorithm>
#include <cmath>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kWords, kWeights, kBias, kTable };

struct Sizes {
  int64_t words, chars;  // chars: per word, padding included
  int64_t filters, window, embedding, letters;
};

Result<Sizes> measure(const Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 4));
  RETURN_IF_ERROR(expect_shape(call, kTable, "C", {-1, -1}));
  const int64_t letters = call.shape(kTable)[0], embedding = call.shape(kTable)[1];
  RETURN_IF_ERROR(expect_shape(call, kWeights, "W", {-1, 1, -1, embedding}));
  const int64_t filters = call.shape(kWeights)[0], window = call.shape(kWeights)[2];
  RETURN_IF_ERROR(expect_shape(call, kBias, "B", {filters}));
  const Shape& shape = call.shape(kWords);
  if (shape.rank() < 1 || window < 1 || letters < 1) {
    return invalid_argument("expected words, a window and characters, found {}, {} and {}",
                            shape.to_string(), call.shape(kWeights).to_string(),
                            call.shape(kTable).to_string());
  }
  const int64_t chars = shape[shape.rank() - 1];
  if (chars < window) {
    return invalid_argument("expected words of {} characters at least, found {}", window, chars);
  }
  return Sizes{call.input(kWords).count() / chars, chars, filters, window, embedding, letters};
}

// dst [filters] of one word.
Status embed(const Call& call, const Sizes& sizes, const int32_t* word, float* dst) {
  const float* weights = call.input(kWeights).as<float>().data();
  const float* bias = call.input(kBias).as<float>().data();
  const float* table = call.input(kTable).as<float>().data();
  int64_t length = 0;
  while (length < sizes.chars && word[length] > 0) {
    if (word[length] >= sizes.letters) {
      return out_of_range("expected characters up to {}, found {}", sizes.letters - 1,
                          word[length]);
    }
    ++length;
  }
  std::fill_n(dst, sizes.filters, 0.0f);
  if (length == 0) return {};
  const int64_t places = std::max(length, sizes.window) - sizes.window + 1;
  for (int64_t f = 0; f < sizes.filters; ++f) {
    for (int64_t p = 0; p < places; ++p) {
      double sum = bias[f];
      for (int64_t k = 0; k < sizes.window; ++k) {
        const float* letter = table + (p + k < length ? word[p + k] : 0) * sizes.embedding;
        const float* filter = weights + (f * sizes.window + k) * sizes.embedding;
        for (int64_t i = 0; i < sizes.embedding; ++i) {
          sum += static_cast<double>(letter[i]) * filter[i];
        }
      }
      const auto value = static_cast<float>(std::tanh(sum));
      dst[f] = p == 0 ? value : std::max(dst[f], value);
    }
  }
  return {};
}

Status run(Call& call) {
  ASSIGN_OR_RETURN(const Sizes sizes, measure(call));
  ASSIGN_OR_RETURN(const auto words, elements<int32_t>(call, kWords));
  for (const size_t i : {kWeights, kBias, kTable}) {
    RETURN_IF_ERROR(elements<float>(call, i).status());
  }
  const Shape& shape = call.shape(kWords);
  std::array<int64_t, kMaxRank> dims{};
  std::ranges::copy(shape.dims(), dims.begin());
  dims[static_cast<size_t>(shape.rank() - 1)] = sizes.filters;
  ASSIGN_OR_RETURN(const Shape result,
                   Shape::create({dims.data(), static_cast<size_t>(shape.rank())}));
  ASSIGN_OR_RETURN(float* dst, call.output<float>(0, result));
  for (int64_t w = 0; w < sizes.words; ++w) {
    RETURN_IF_ERROR(embed(call, sizes, words.data() + w * sizes.chars, dst + w * sizes.filters));
  }
  return {};
}

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(kWords);
  if (dims && !dims->empty()) {
    dims->back() = node.rank(kWeights) == 4 ? (*node.shape(kWeights))[0] : Dim();
  }
  node.set(0, DType::kFloat, std::move(dims));
}

}  // namespace

extern const Operator kMsWordConvEmbedding = {.domain = "com.microsoft",
                                              .name = "WordConvEmbedding",
                                              .versions = {1},
                                              .inputs = {4, 4},
                                              .infer = infer,
                                              .create = make_function<run>,
                                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
