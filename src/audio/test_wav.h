// WAV files for audio/'s tests, well-formed or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/source.h"

namespace escuta::audio {

struct WavHeader {
  int format = 1;  // 1 integer, 3 float, 7 mu-law
  int channels = 1;
  int rate_hz = 16000;
  int bits = 16;
  std::optional<uint32_t> data_bytes =
      std::nullopt;  // what the header claims, where that is not the truth
};

inline void append_le(std::string* bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes->push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

inline std::string make_wav(const WavHeader& header, std::string_view data) {
  const auto claimed = header.data_bytes.value_or(static_cast<uint32_t>(data.size()));
  const int frame_bytes = header.channels * header.bits / 8;
  std::string bytes = "RIFF";
  append_le(&bytes, uint64_t{claimed} + 36, 4);
  bytes += "WAVEfmt ";
  append_le(&bytes, 16, 4);
  append_le(&bytes, static_cast<uint64_t>(header.format), 2);
  append_le(&bytes, static_cast<uint64_t>(header.channels), 2);
  append_le(&bytes, static_cast<uint64_t>(header.rate_hz), 4);
  append_le(&bytes, static_cast<uint64_t>(header.rate_hz) * static_cast<uint64_t>(frame_bytes), 4);
  append_le(&bytes, static_cast<uint64_t>(frame_bytes), 2);
  append_le(&bytes, static_cast<uint64_t>(header.bits), 2);
  bytes += "data";
  append_le(&bytes, claimed, 4);
  return bytes.append(data);
}

// values in the machine's own (little-endian) form.
template <typename T>
std::string raw_bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

inline std::string float_wav(int rate_hz, const std::vector<float>& values, int channels = 1) {
  return make_wav({.format = 3, .channels = channels, .rate_hz = rate_hz, .bits = 32},
                  raw_bytes(values));
}

// Everything that the source gives, read `block` samples at a time.
inline Result<std::vector<float>> read_all(AudioSource& source, size_t block = 1000) {
  std::vector<float> samples, buffer(block);
  for (;;) {
    ASSIGN_OR_RETURN(const size_t count, source.read(buffer));
    if (count == 0) return samples;
    samples.insert(samples.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(count));
  }
}

inline Result<std::unique_ptr<AudioSource>> open_text(const std::string& bytes,
                                                      const AudioSource::Options& options = {}) {
  return AudioSource::open_bytes(std::as_bytes(std::span(bytes)), "test.wav", options);
}

}  // namespace escuta::audio
