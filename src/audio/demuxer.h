// Demuxer: the packets of a file's best audio stream. One thread.
//
// libav reads through a ByteSource only. Whatever a demuxer asks to open besides (the parts of a
// playlist, external references of a movie) is refused, and so is the network.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "audio/byte_source.h"
#include "audio/libav.h"
#include "base/status.h"

namespace escuta::audio {

class Demuxer {
 public:
  // InvalidArgument for what is no media file or has no audio track. `name` is a hint for probing.
  static Result<std::unique_ptr<Demuxer>> open(std::unique_ptr<ByteSource> input,
                                               const std::string& name);
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  const AVStream& stream() const { return *stream_; }
  std::string container() const;  // libav's first name for it
  // What the container claims, unless the file is too short to hold it.
  std::optional<double> claimed_duration_s() const;

  // The next packet of the stream; false at the end. Damaged stretches that the container can
  // skip are counted in *damaged.
  Result<bool> next(AVPacket& packet, int64_t* damaged);

 private:
  explicit Demuxer(std::unique_ptr<ByteSource> input) : input_(std::move(input)) {}
  Status open_container(const std::string& name);
  Status choose_stream();
  static int read_callback(void* opaque, uint8_t* dst, int size);
  static int64_t seek_callback(void* opaque, int64_t offset, int whence);

  std::unique_ptr<ByteSource> input_;
  Status input_error_;        // the first failure of input_, which libav would only number
  LibavPtr<AVIOContext> io_;  // outlives format_
  LibavPtr<AVFormatContext> format_;
  AVStream* stream_ = nullptr;  // of format_
};

}  // namespace escuta::audio
