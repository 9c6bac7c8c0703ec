// Sound and models for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/source.h"
#include "providers/cpu/provider.h"

namespace escuta::silero {

inline const engine::Registry& test_registry() {
  static const engine::Registry* const made = [] {
    auto* filled = new engine::Registry;
    EXPECT_TRUE(cpu::add_providers(*filled, {}).ok());
    return filled;
  }();
  return *made;
}

// "samples/..." is in the repository, everything else under ESCUTA_SHARED_DATA; empty: that is not
// set.
inline std::filesystem::path test_file(const std::string& name) {
  if (name.starts_with("samples/")) return std::filesystem::path(ESCUTA_SOURCE_DIR) / name;
  const char* shared = std::getenv("ESCUTA_SHARED_DATA");
  return shared == nullptr ? std::filesystem::path() : std::filesystem::path(shared) / name;
}

inline std::vector<float> read_sound(const std::filesystem::path& path, int rate_hz = 16000) {
  auto source = audio::AudioSource::open(path, {rate_hz});
  EXPECT_TRUE(source.ok()) << source.status().to_string();
  std::vector<float> sound;
  if (!source.ok()) return sound;
  for (std::vector<float> block(16000);;) {
    const size_t count = source.value()->read(block).value();
    if (count == 0) return sound;
    sound.insert(sound.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace escuta::silero
