// AudioSource: a file in any container and codec that libav reads, as one stream of mono samples.
//
// Decoded on demand: memory stays bounded (a few packets) whatever the length. Sample-accurate: the
// encoder's delay and padding (mp3, aac, opus, vorbis) are left out, as the container states them.
// One thread at a time. Never opens anything but the given file: playlists and references are
// refused.
//
// Down-mix: the matrix of libswresample, normalised so that it cannot clip, when the file states
// its channel layout (what `ffmpeg -ac 1` gives for 16-bit output; the LFE channel is left out);
// the mean of all channels when it does not, so that no channel is lost. Resampling: libsoxr, high
// quality (20 bits), linear phase, delay compensated: S samples at rate R become
// max(1, round(S * rate_hz / R)).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace escuta::audio {

struct AudioInfo {
  std::string container;  // libav's short name: "wav", "mov", "matroska"
  std::string codec;      // "pcm_s16le", "aac"
  int rate_hz = 0;        // of the decoded audio, before resampling
  int channels = 0;
  std::optional<double> duration_s;  // as the container claims; may be absent or wrong
};

class AudioSource {
 public:
  struct Options {
    int rate_hz = 16000;  // of the samples that read() gives
  };

  // Opens the file and decodes its first samples. NotFound, PermissionDenied; InvalidArgument for
  // what is no audio (a directory, an empty or unknown file, no audio track, no samples, a rate
  // outside 100..768000 Hz, more than 64 channels); Unimplemented for a codec that libav lacks;
  // DataLoss where every packet is damaged. The message begins with the path. A pipe is read as
  // it is filled.
  static Result<std::unique_ptr<AudioSource>> open(const std::filesystem::path& path,
                                                   const Options& options);
  // The same from bytes in memory, which must outlive the source; `name` stands for the path.
  static Result<std::unique_ptr<AudioSource>> open_bytes(std::span<const std::byte> bytes,
                                                         std::string_view name,
                                                         const Options& options);
  ~AudioSource();
  AudioSource(const AudioSource&) = delete;
  AudioSource& operator=(const AudioSource&) = delete;

  const AudioInfo& info() const;

  // dst [S] f32 mono at options.rate_hz, nominally -1..1; float files may exceed that. Fills dst
  // from the start; returns how many samples, less than dst.size() only at the end of the stream,
  // then 0. An error if the file cannot be read on, or changes to a rate or channel count outside
  // the limits.
  Result<size_t> read(std::span<float> dst);

  // Packets that could not be decoded and were skipped so far.
  int64_t damaged_packets() const;
  // Samples of float files that were not finite (or beyond +-2^32) and were replaced by 0 so far.
  int64_t replaced_samples() const;

 private:
  class Impl;
  explicit AudioSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace escuta::audio
