#include "pipeline/segments.h"

#include <algorithm>

namespace escuta::pipeline {
namespace {

class Splitter {
 public:
  Splitter(std::span<const int32_t> tokens, const WindowTime& window)
      : tokens_(tokens), window_(window) {}

  WindowSegments split() {
    const std::vector<size_t> ends = pair_ends();
    if (ends.empty()) return whole_window();
    WindowSegments result;
    size_t begin = 0;
    for (const size_t end : ends) {
      const auto slice = tokens_.subspan(begin, end - begin);
      result.segments.push_back({time_of(slice.front()), time_of(slice.back()),
                                 std::vector<int32_t>(slice.begin(), slice.end())});
      begin = end;
    }
    if (window_.keeps_rest) add_rest(begin, result);
    // A single timestamp at the end: no speech after it.
    result.advance_frames =
        ends_with_single_timestamp() ? window_.frames : frames_of(tokens_[begin - 1]);
    return result;
  }

 private:
  bool is_timestamp(size_t i) const { return tokens_[i] >= window_.timestamp_begin; }

  int64_t frames_of(int32_t timestamp) const {
    return int64_t{timestamp - window_.timestamp_begin} * window_.frames_per_timestamp;
  }

  double time_of(int32_t timestamp) const {
    return window_.offset_s + static_cast<double>(frames_of(timestamp)) * window_.seconds_per_frame;
  }

  bool ends_with_single_timestamp() const {
    const size_t n = tokens_.size();
    return n >= 2 && !is_timestamp(n - 2) && is_timestamp(n - 1);
  }

  void add_rest(size_t begin, WindowSegments& result) const {
    if (begin == tokens_.size()) return;
    const auto rest = tokens_.subspan(begin);
    const double start_s =
        is_timestamp(begin) ? time_of(rest.front()) : result.segments.back().end_s;
    const double end_s =
        window_.offset_s + static_cast<double>(window_.frames) * window_.seconds_per_frame;
    result.segments.push_back(
        {start_s, std::max(start_s, end_s), std::vector<int32_t>(rest.begin(), rest.end())});
  }

  // One past the last token of each finished segment.
  std::vector<size_t> pair_ends() const {
    std::vector<size_t> ends;
    for (size_t i = 1; i < tokens_.size(); ++i) {
      if (is_timestamp(i) && is_timestamp(i - 1)) ends.push_back(i);
    }
    if (!ends.empty() && ends_with_single_timestamp()) ends.push_back(tokens_.size());
    return ends;
  }

  // No pair: everything is one segment, up to the last timestamp if there is one.
  WindowSegments whole_window() const {
    double duration_s = static_cast<double>(window_.frames) * window_.seconds_per_frame;
    for (size_t i = tokens_.size(); i-- > 0;) {
      if (!is_timestamp(i)) continue;
      if (tokens_[i] != window_.timestamp_begin)
        duration_s = time_of(tokens_[i]) - window_.offset_s;
      break;
    }
    WindowSegments result;
    result.segments.push_back({window_.offset_s, window_.offset_s + duration_s,
                               std::vector<int32_t>(tokens_.begin(), tokens_.end())});
    result.advance_frames = window_.frames;
    return result;
  }

  std::span<const int32_t> tokens_;
  const WindowTime& window_;
};

}  // namespace

WindowSegments split_by_timestamps(std::span<const int32_t> tokens, const WindowTime& window) {
  return Splitter(tokens, window).split();
}

}  // namespace escuta::pipeline
