// Between the time of a file and the time of its speech alone: the samples of the spans, one span
// after another. Exact to the sample; frames may stand for samples everywhere. Immutable; any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "models/silero/speech_spans.h"

namespace escuta::silero {

class SpeechMap {
 public:
  // InvalidArgument unless the spans are ascending, begin at 0 or later and do not overlap; they
  // may touch or be empty.
  static Result<SpeechMap> create(std::span<const Speech> spans);

  int64_t speech_samples() const { return begins_.back(); }

  // Where in the file sample `speech` of the speech is; outside 0..speech_samples() it counts as
  // the nearest. At the seam of two spans there are two places: something that begins there is at
  // the second one's begin, something that ends there at the first one's end. 0 without speech.
  int64_t file_begin(int64_t speech) const;
  int64_t file_end(int64_t speech) const;

  // The same of something that has its middle at `middle`: what begins or ends outside the span
  // that the middle is in, begins or ends with that span.
  int64_t file_beside(int64_t middle, int64_t speech) const;

  // Where in the speech sample `file` of the file is; between two spans: at their seam.
  int64_t speech_at(int64_t file) const;

 private:
  SpeechMap() = default;
  size_t span_at(int64_t speech) const;  // there is one

  std::vector<Speech> spans_;       // none of them empty
  std::vector<int64_t> begins_{0};  // of each span in the speech, and the end of the last
};

}  // namespace escuta::silero
