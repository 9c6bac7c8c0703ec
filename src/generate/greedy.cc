#include "generate/greedy.h"

#include <cmath>

#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

// Row `position` of logits [1, n, V].
Result<std::span<const float>> logits_row(const engine::Value& logits, size_t position) {
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  const Shape& shape = view.shape;
  if (view.dtype != DType::kFloat || shape.rank() != 3 || shape[0] != 1 || shape[2] < 1 ||
      position >= static_cast<size_t>(shape[1])) {
    return failed_precondition("decoder logits: expected float [1, more than {}, V], found {} {}",
                               position, dtype_name(view.dtype), shape.to_string());
  }
  const auto vocabulary = static_cast<size_t>(shape[2]);
  return view.as<float>().subspan(position * vocabulary, vocabulary);
}

}  // namespace

Result<Generation> greedy_search(StepDecoder& decoder, std::span<const int32_t> prompt,
                                 const LogitRules& rules, const GreedyOptions& options) {
  Generation result;
  std::vector<float> row;
  ASSIGN_OR_RETURN(engine::Value logits, decoder.feed(prompt));
  if (options.probe) {
    ASSIGN_OR_RETURN(const auto probed, logits_row(logits, options.probe->position));
    result.probe_probability = probability(probed, options.probe->token);
  }
  size_t last_position = prompt.size() - 1;
  while (result.tokens.size() < options.max_new_tokens) {
    if (options.cancelled && options.cancelled()) return cancelled("decoding was cancelled");
    ASSIGN_OR_RETURN(const auto next_logits, logits_row(logits, last_position));
    row.assign(next_logits.begin(), next_logits.end());
    apply_rules(rules, result.tokens, row);
    const int32_t token = arg_max(row);
    result.sum_log_prob += row[static_cast<size_t>(token)] - log_sum_exp(row);
    if (!std::isfinite(result.sum_log_prob)) {
      return data_loss("decoder logits: expected numbers, found NaN or infinity after {} tokens",
                       result.tokens.size());
    }
    if (token == options.end_token) {
      result.ended = true;
      break;
    }
    result.tokens.push_back(token);
    if (result.tokens.size() == options.max_new_tokens) break;
    ASSIGN_OR_RETURN(logits, decoder.feed(std::span(&token, 1)));
    last_position = 0;
  }
  return result;
}

}  // namespace escuta::generate
