#include "generate/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "base/thread_pool.h"
#include "generate/hypotheses.h"
#include "generate/log_prob.h"
#include "generate/loops.h"

namespace escuta::generate {
namespace {

// logits [rows, positions, V] of a step.
class StepLogits {
 public:
  static Result<StepLogits> create(engine::Value value, size_t rows, size_t positions) {
    StepLogits logits;
    ASSIGN_OR_RETURN(const TensorView view, value.view());
    const Shape& shape = view.shape;
    if (view.dtype != DType::kFloat || shape.rank() != 3 ||
        shape[0] != static_cast<int64_t>(rows) || shape[1] != static_cast<int64_t>(positions) ||
        shape[2] < 1) {
      return failed_precondition("decoder logits: expected float [{}, {}, V], found {} {}", rows,
                                 positions, dtype_name(view.dtype), shape.to_string());
    }
    logits.positions_ = positions;
    logits.vocabulary_ = static_cast<size_t>(shape[2]);
    logits.all_ = view.as<float>();
    logits.value_ = std::move(value);
    return logits;
  }
  size_t vocabulary() const { return vocabulary_; }
  std::span<const float> at(size_t row, size_t position) const {
    return all_.subspan((row * positions_ + position) * vocabulary_, vocabulary_);
  }
  std::span<const float> last(size_t row) const { return at(row, positions_ - 1); }

 private:
  engine::Value value_;
  std::span<const float> all_;
  size_t positions_ = 1, vocabulary_ = 0;
};

class Search {
 public:
  Search(StepDecoder& decoder, std::span<const SearchRow> rows, const LogitRules& rules,
         const SearchOptions& options)
      : decoder_(decoder), rows_(rows), rules_(rules), options_(options), results_(rows.size()) {}

  Result<std::vector<Generation>> run() {
    ASSIGN_OR_RETURN(StepLogits logits, feed_prompts());
    for (size_t i = 0; i < rows_.size(); ++i) windows_.push_back({i, make_hypotheses(rows_[i])});
    for (size_t step = 0; step < options_.max_new_tokens; ++step) {
      if (options_.cancelled && options_.cancelled()) return cancelled("decoding was cancelled");
      RETURN_IF_ERROR(score(logits));
      advance();
      if (windows_.empty() || step + 1 == options_.max_new_tokens) break;
      RETURN_IF_ERROR(follow());
      constexpr int64_t kOnly[] = {0};
      ASSIGN_OR_RETURN(engine::Value next,
                       decoder_.feed(tokens_, static_cast<int64_t>(tokens_.size()), kOnly));
      ASSIGN_OR_RETURN(logits, StepLogits::create(std::move(next), tokens_.size(), 1));
    }
    for (Window& window : windows_) finish(window);
    return std::move(results_);
  }

 private:
  struct Window {
    size_t index;  // in rows_
    std::unique_ptr<Hypotheses> hypotheses;
    size_t first_row = 0;  // of its hypotheses, in the step before
  };

  std::unique_ptr<Hypotheses> make_hypotheses(const SearchRow& row) const {
    const bool samples = options_.temperature > 0;
    if (!samples && options_.beams > 1) {
      return beam_hypotheses(options_.beams, options_.patience, options_.end_token,
                             options_.length_penalty);
    }
    return sampled_hypotheses(samples ? options_.samples : 1, options_.temperature, row.seed,
                              options_.end_token, options_.length_penalty);
  }

  Result<StepLogits> feed_prompts() {
    const size_t length = rows_.front().prompt.size();
    for (const SearchRow& row : rows_) {
      ESCUTA_CHECK(row.prompt.size() == length && length > 0);
      tokens_.insert(tokens_.end(), row.prompt.begin(), row.prompt.end());
    }
    std::vector<int64_t> positions;
    const bool apart = options_.probe && options_.probe->position + 1 < length;
    if (apart) positions.push_back(static_cast<int64_t>(options_.probe->position));
    positions.push_back(static_cast<int64_t>(length) - 1);
    ASSIGN_OR_RETURN(engine::Value value,
                     decoder_.feed(tokens_, static_cast<int64_t>(rows_.size()), positions));
    ASSIGN_OR_RETURN(StepLogits logits,
                     StepLogits::create(std::move(value), rows_.size(), positions.size()));
    for (size_t i = 0; options_.probe && i < rows_.size(); ++i) {
      results_[i].probe_probability = probability(logits.at(i, 0), options_.probe->token);
    }
    return logits;
  }

  // What may follow each row: a copy of its logits under the rules.
  Status score(const StepLogits& logits) {
    std::vector<const Hypothesis*> rows;
    std::vector<const SearchRow*> asked;
    for (Window& window : windows_) {
      window.first_row = rows.size();
      for (const Hypothesis& one : window.hypotheses->all()) rows.push_back(&one);
      asked.resize(rows.size(), &rows_[window.index]);
    }
    const size_t vocabulary = logits.vocabulary();
    scratch_.resize(rows.size() * vocabulary);
    next_.assign(rows.size(), NextToken{});
    thread_pool().parallel_for(
        static_cast<long>(rows.size()), thread_pool().limit(options_.threads), [&](long i, int) {
          const auto row = static_cast<size_t>(i);
          if (!rows[row]->open) return;
          const std::span<float> scores(scratch_.data() + row * vocabulary, vocabulary);
          apply_to(*asked[row], rows[row]->tokens, logits.last(row), scores);
          next_[row] = {scores, log_sum_exp(scores)};
        });
    for (size_t row = 0; row < rows.size(); ++row) {
      if (std::isfinite(next_[row].log_sum)) continue;
      return data_loss("decoder logits: expected numbers, found NaN or infinity after {} tokens",
                       rows[row]->tokens.size());
    }
    return Status();
  }

  void apply_to(const SearchRow& asked, std::span<const int32_t> said,
                std::span<const float> logits, std::span<float> scores) const {
    if (said.size() < asked.prefix.size()) {
      std::ranges::fill(scores, -std::numeric_limits<float>::infinity());
      scores[static_cast<size_t>(asked.prefix[said.size()])] = 0;
      return;
    }
    std::ranges::copy(logits, scores.begin());
    if (asked.rule != nullptr) asked.rule->apply(said, scores);
    apply_rules(rules_, said, scores);
  }

  // Goes on by one token. The last window takes the place of one that is done, so that few rows
  // move.
  void advance() {
    for (Window& window : windows_) {
      const size_t count = window.hypotheses->all().size();
      window.hypotheses->advance(std::span(next_).subspan(window.first_row, count));
    }
    for (size_t i = 0; i < windows_.size();) {
      const bool looped = loops(*windows_[i].hypotheses);
      if (!windows_[i].hypotheses->done() && !looped) {
        ++i;
        continue;
      }
      finish(windows_[i]);
      results_[windows_[i].index].looped = looped;
      if (i + 1 < windows_.size()) windows_[i] = std::move(windows_.back());
      windows_.pop_back();
    }
  }

  bool loops(const Hypotheses& hypotheses) const {
    if (!options_.loops_below || hypotheses.done()) return false;
    return std::ranges::all_of(hypotheses.all(), [&](const Hypothesis& one) {
      return !one.open || find_loop(one.tokens, *options_.loops_below).has_value();
    });
  }

  void finish(const Window& window) {
    Hypothesis best = window.hypotheses->found().front();
    Generation& result = results_[window.index];
    result.tokens = std::move(best.tokens);
    result.sum_log_prob = best.sum_log_prob;
    result.ended = best.ended;
  }

  // The rows of the next step: each goes on from its parent's state.
  Status follow() {
    std::vector<int64_t> rows;
    tokens_.clear();
    for (const Window& window : windows_) {
      for (const Hypothesis& one : window.hypotheses->all()) {
        rows.push_back(static_cast<int64_t>(window.first_row + one.parent));
        // A row that does not go on is fed the end until its window is done.
        tokens_.push_back(one.open ? one.tokens.back() : options_.end_token);
      }
    }
    bool same = rows.size() == next_.size();
    for (size_t i = 0; i < rows.size(); ++i) same = same && rows[i] == static_cast<int64_t>(i);
    return same ? Status() : decoder_.take_rows(rows);
  }

  StepDecoder& decoder_;
  std::span<const SearchRow> rows_;
  const LogitRules& rules_;
  const SearchOptions& options_;
  std::vector<Generation> results_;
  std::vector<Window> windows_;  // that are not done
  std::vector<int32_t> tokens_;  // of the next step
  std::vector<float> scratch_;   // [rows, V]
  std::vector<NextToken> next_;  // per row
};

}  // namespace

Result<std::vector<Generation>> search(StepDecoder& decoder, std::span<const SearchRow> rows,
                                       const LogitRules& rules, const SearchOptions& options) {
  if (rows.empty()) return std::vector<Generation>();
  return Search(decoder, rows, rules, options).run();
}

}  // namespace escuta::generate
