#include "models/whisper/alignment.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "generate/log_prob.h"

namespace escuta::whisper {
namespace {

// The first `columns` of each row, which sum to 1 again: as if softmax had seen no others.
Matrix cut(const Matrix& weights, size_t columns) {
  Matrix result(weights.rows, columns);
  for (size_t i = 0; i < weights.rows; ++i) {
    const std::span<const float> from = weights.row(i).first(columns);
    const float sum = std::accumulate(from.begin(), from.end(), 0.0f);
    const float scale = sum > 0 ? 1 / sum : 0;
    std::ranges::transform(from, result.row(i).begin(), [&](float x) { return x * scale; });
  }
  return result;
}

// Each column gets mean 0 and variance 1; one whose elements are all the same becomes 0.
void normalise_columns(Matrix& matrix) {
  std::vector<float> mean(matrix.columns), variance(matrix.columns);
  const float count = static_cast<float>(matrix.rows);
  for (size_t i = 0; i < matrix.rows; ++i) {
    const std::span<const float> row = matrix.row(i);
    for (size_t j = 0; j < row.size(); ++j) mean[j] += row[j] / count;
  }
  for (size_t i = 0; i < matrix.rows; ++i) {
    const std::span<const float> row = matrix.row(i);
    for (size_t j = 0; j < row.size(); ++j) {
      variance[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / count;
    }
  }
  for (float& x : variance) x = x > 0 ? 1 / std::sqrt(x) : 0;
  for (size_t i = 0; i < matrix.rows; ++i) {
    const std::span<float> row = matrix.row(i);
    for (size_t j = 0; j < row.size(); ++j) row[j] = (row[j] - mean[j]) * variance[j];
  }
}

// Of each token among the tokens of text; special ones are no words.
Result<std::vector<double>> probabilities_of(const engine::Value& logits,
                                             std::span<const int32_t> tokens, int32_t text_end) {
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  const auto values = view.as<float>();
  const size_t vocabulary = values.size() / std::max<size_t>(tokens.size(), 1);
  std::vector<double> probabilities;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const auto row = values.subspan(i * vocabulary, vocabulary);
    const size_t end = std::min(vocabulary, static_cast<size_t>(text_end));
    probabilities.push_back(generate::probability(row.first(end), tokens[i]));
  }
  return probabilities;
}

}  // namespace

Matrix salience(std::span<Matrix> heads, size_t columns) {
  Matrix mean(heads.empty() ? 0 : heads.front().rows, columns);
  for (Matrix& head : heads) {
    Matrix weights = cut(head, columns);
    head = Matrix();
    normalise_columns(weights);
    for (size_t i = 0; i < weights.rows; ++i) {
      const std::span<float> row = weights.row(i);
      median_filter(row);
      std::ranges::transform(row, mean.row(i), mean.row(i).begin(), std::plus<>());
    }
  }
  for (float& x : mean.values) x /= static_cast<float>(heads.size());
  return mean;
}

Result<TokenTimes> align_tokens(const Model& model, const Vocabulary& vocabulary,
                                const engine::Value& encoder_states, std::string_view language,
                                Task task, std::span<const int32_t> tokens, int64_t frames) {
  TokenTimes times;
  if (tokens.empty()) return times;
  // <|startoftranscript|> ... <|notimestamps|>, of which the last says what the first word is.
  ASSIGN_OR_RETURN(std::vector<int32_t> all, vocabulary.start_sequence(language, task, false));
  const size_t first = all.size() - 1;
  all.insert(all.end(), tokens.begin(), tokens.end());
  all.push_back(vocabulary.end_of_text());
  std::vector<int64_t> positions(tokens.size());
  std::iota(positions.begin(), positions.end(), static_cast<int64_t>(first));
  ASSIGN_OR_RETURN(ForcedText forced, model.force(encoder_states, all, positions));
  ASSIGN_OR_RETURN(times.probabilities,
                   probabilities_of(forced.logits, tokens, vocabulary.end_of_text()));
  forced.logits = engine::Value();
  const Config& config = model.config();
  const int64_t heard =
      std::clamp<int64_t>(frames / Config::kMelFramesPerPosition, 1, config.max_source_positions);
  const Matrix fit = salience(forced.heads, static_cast<size_t>(heard));
  Matrix cost(tokens.size() + 1, fit.columns);
  for (size_t i = 0; i < cost.rows; ++i) {
    std::ranges::transform(fit.row(first + i), cost.row(i).begin(), std::negate<>());
  }
  for (const size_t position : warp(cost)) {
    times.begins_s.push_back(static_cast<double>(position) * config.seconds_per_position());
  }
  return times;
}

}  // namespace escuta::whisper
