// Downmix: a decoded frame of any sample format and channel layout -> mono f32. One thread.
//
// The rule for the channels is in audio/source.h.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/libav.h"
#include "base/status.h"

namespace escuta::audio {

class Downmix {
 public:
  Downmix() = default;
  ~Downmix() { av_channel_layout_uninit(&layout_); }
  Downmix(const Downmix&) = delete;
  Downmix& operator=(const Downmix&) = delete;

  // Replaces dst by the frame's samples, [nb_samples] f32. frame: 1..64 channels.
  // Unimplemented for a sample format that is not linear PCM.
  Status convert(const AVFrame& frame, std::vector<float>* dst);

  // Samples, of single channels, that were not finite or beyond +-2^32 and count as 0.
  int64_t replaced_samples() const { return replaced_; }

 private:
  Status set_layout(const AVChannelLayout& layout);
  template <typename T>
  void add_channels(const AVFrame& frame, bool planar, float* dst);

  AVChannelLayout layout_{};
  std::vector<float> gains_;  // [C] for layout_
  int64_t replaced_ = 0;
};

}  // namespace escuta::audio
