// The WAV path: bytes -> demuxer -> decoder -> down-mix -> resampler -> log-mel. Inputs that are
// not RIFF are given such a head, so that the fuzzer spends its time in WAV and not in probing.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/source.h"
#include "base/check.h"

namespace {

constexpr size_t kMaxBytes = 1 << 16;
constexpr size_t kMaxSamples = 1 << 20;  // 100 Hz audio becomes 160 times as many samples

void hear(std::span<const std::byte> bytes) {
  auto source = escuta::audio::AudioSource::open_bytes(bytes, "fuzz.wav", {});
  if (!source.ok()) {
    ESCUTA_CHECK(source.status().message().starts_with("fuzz.wav: "));
    return;
  }
  ESCUTA_CHECK((*source)->info().channels >= 1 && (*source)->info().channels <= 64);
  auto extractor = escuta::audio::LogMelExtractor::create({});
  ESCUTA_CHECK(extractor.ok());
  std::vector<float> block(4096), frames;
  size_t total = 0;
  while (total < kMaxSamples) {
    auto count = (*source)->read(block);
    if (!count.ok() || *count == 0) break;
    total += *count;
    for (size_t i = 0; i < *count; ++i) ESCUTA_CHECK(std::isfinite(block[i]));
    extractor->push(std::span(block).first(*count), frames);
  }
  extractor->finish(0, frames);
  ESCUTA_CHECK(frames.size() == total / 160 * 80);
  for (const float value : frames) ESCUTA_CHECK(std::isfinite(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxBytes) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("RIFF") && !bytes.starts_with("RF64") && !bytes.starts_with("RIFX")) {
    bytes.insert(0, std::string("RIFF\xff\xff\xff\x7fWAVE", 12));
  }
  hear(std::as_bytes(std::span(bytes)));
  return 0;
}
