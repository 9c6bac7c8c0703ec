#include "models/silero/speech_detector.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace escuta::silero {
namespace {

// Chunks that are run at once, 2 s: products of some size, and all that lies between the layers
// still fits in the cache.
constexpr int64_t kBlock = 64;

// Infinities and not-a-numbers have all bits of the exponent.
bool all_finite(std::span<const float> samples) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t bad = 0;
  for (const float sample : samples) {
    bad |= (std::bit_cast<uint32_t>(sample) & kExponent) == kExponent ? 1 : 0;
  }
  return bad == 0;
}

}  // namespace

Result<SpeechDetector> SpeechDetector::create(const engine::Registry& registry,
                                              const Options& options) {
  ASSIGN_OR_RETURN(auto model, VadModel::load(registry, options.session));
  return create(std::move(model), options);
}

Result<SpeechDetector> SpeechDetector::create(const engine::Registry& registry,
                                              const std::filesystem::path& path,
                                              const Options& options) {
  ASSIGN_OR_RETURN(auto model, VadModel::load(registry, path, options.session));
  return create(std::move(model), options);
}

Result<SpeechDetector> SpeechDetector::create(std::shared_ptr<const VadModel> model,
                                              const Options& options) {
  RETURN_IF_ERROR(model->check_rate(options.rate_hz));
  ASSIGN_OR_RETURN(SpanFinder finder, SpanFinder::create(options.spans, options.rate_hz,
                                                         VadModel::chunk_samples(options.rate_hz)));
  return SpeechDetector(std::move(model), std::move(finder), options.rate_hz);
}

SpeechDetector::SpeechDetector(std::shared_ptr<const VadModel> model, SpanFinder finder,
                               int rate_hz)
    : model_(std::move(model)),
      finder_(std::move(finder)),
      rate_hz_(rate_hz),
      chunk_(VadModel::chunk_samples(rate_hz)),
      context_(VadModel::context_samples(rate_hz)) {
  pending_.reserve(static_cast<size_t>(context_ + kBlock * chunk_));
  begin();
}

void SpeechDetector::begin() {
  state_ = model_->begin();
  pending_.assign(static_cast<size_t>(context_), 0);
  samples_ = 0;
  fresh_ = true;
  error_ = Status();
}

Status SpeechDetector::push(std::span<const float> samples) {
  if (std::exchange(fresh_, false)) kept_.clear();
  if (error_.ok()) error_ = take(samples);
  return error_;
}

Status SpeechDetector::take(std::span<const float> samples) {
  const auto full = static_cast<size_t>(context_ + kBlock * chunk_);
  while (!samples.empty()) {
    const auto part = samples.first(std::min(samples.size(), full - pending_.size()));
    if (!all_finite(part)) {
      const auto at = std::find_if(part.begin(), part.end(), [](float sample) {
        return !all_finite({&sample, 1});
      });
      return invalid_argument("expected samples that are finite numbers, found {} at sample {}",
                              *at, samples_ + (at - part.begin()));
    }
    pending_.insert(pending_.end(), part.begin(), part.end());
    samples_ += static_cast<int64_t>(part.size());
    samples = samples.subspan(part.size());
    if (pending_.size() == full) RETURN_IF_ERROR(run_pending());
  }
  return {};
}

// pending_ is whole chunks; its end is the context of what comes next.
Status SpeechDetector::run_pending() {
  block_.clear();
  RETURN_IF_ERROR(model_->run(pending_, rate_hz_, state_, block_));
  for (const float probability : block_) finder_.push(probability);
  if (keep_) kept_.insert(kept_.end(), block_.begin(), block_.end());
  pending_.erase(pending_.begin(), pending_.end() - context_);
  return {};
}

Result<std::vector<Speech>> SpeechDetector::finish() {
  const auto chunk = static_cast<size_t>(chunk_), context = static_cast<size_t>(context_);
  const size_t left = pending_.size() - context;
  if (fresh_) kept_.clear();
  if (error_.ok() && left > 0) {
    pending_.resize(context + (left + chunk - 1) / chunk * chunk);  // zeros
    error_ = run_pending();
  }
  std::vector<Speech> spans = finder_.finish(samples_);
  const Status status = std::exchange(error_, Status());
  begin();
  if (!status.ok()) return status;
  return spans;
}

}  // namespace escuta::silero
