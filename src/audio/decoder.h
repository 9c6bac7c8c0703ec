// Decoder: the decoded frames of a demuxer's stream. One thread.
#pragma once

#include <memory>

#include "audio/demuxer.h"
#include "audio/libav.h"
#include "base/status.h"

namespace escuta::audio {

class Decoder {
 public:
  // Unimplemented where libav has no decoder; InvalidArgument for stream parameters out of bounds.
  static Result<std::unique_ptr<Decoder>> open(std::unique_ptr<Demuxer> demuxer);

  const Demuxer& demuxer() const { return *demuxer_; }

  // The next frame with samples, at 100..768000 Hz and with 1..64 channels, encoder delay and
  // padding cut off; valid until the next call. nullptr at the end.
  Result<const AVFrame*> next();

  // Packets that did not decode, or could not be read, so far.
  int64_t damaged_packets() const { return damaged_; }

 private:
  explicit Decoder(std::unique_ptr<Demuxer> demuxer) : demuxer_(std::move(demuxer)) {}
  Status open_codec();
  Status feed();
  Status fetch(AVFrame* frame);
  void cut_padding(AVFrame& frame) const;

  std::unique_ptr<Demuxer> demuxer_;
  LibavPtr<AVCodecContext> codec_;
  LibavPtr<AVPacket> packet_;
  // What next() gave last, and the frame after it, or why there is none: the last frame of a
  // stream is known as such only when the next one is missing.
  LibavPtr<AVFrame> frame_, ahead_;
  Status ahead_status_;
  bool started_ = false;
  int64_t decoded_ = 0;  // samples given by next()
  int64_t damaged_ = 0;
  bool draining_ = false;
};

}  // namespace escuta::audio
