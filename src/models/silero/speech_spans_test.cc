#include "models/silero/speech_spans.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace escuta::silero {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kRate = 16000;
constexpr int64_t kChunk = 512;

std::vector<float> runs(std::initializer_list<std::pair<int, float>> list) {
  std::vector<float> probabilities;
  for (const auto& [count, p] : list) {
    probabilities.insert(probabilities.end(), static_cast<size_t>(count), p);
  }
  return probabilities;
}

std::vector<Speech> find(const std::vector<float>& probabilities, const SpanOptions& options) {
  return find_speech(probabilities, static_cast<int64_t>(probabilities.size()) * kChunk, kRate,
                     kChunk, options)
      .value();
}

// Nothing but the thresholds.
SpanOptions plain() {
  SpanOptions options;
  options.min_silence_ms = options.pad_ms = 0;
  return options;
}

TEST(FindSpeech, HasHysteresis) {
  // 0.4 goes on with speech but does not begin it; the default of neg_threshold is 0.35.
  const auto p = runs({{3, 0.4f}, {2, 0.5f}, {4, 0.36f}, {3, 0.34f}, {2, 0.4f}});
  EXPECT_THAT(find(p, plain()), ElementsAre(Speech{3 * kChunk, 9 * kChunk}));
  SpanOptions strict = plain();
  strict.neg_threshold = 0.5f;
  EXPECT_THAT(find(p, strict), ElementsAre(Speech{3 * kChunk, 5 * kChunk}));
}

TEST(FindSpeech, JoinsOverShortSilencesAndDropsShortSpeech) {
  const auto p = runs({{2, 0.9f}, {3, 0}, {10, 0.9f}, {8, 0}, {2, 0.9f}, {9, 0}});
  SpanOptions options = plain();
  options.min_silence_ms = 4 * 32;
  options.min_speech_ms = 3 * 32;
  EXPECT_THAT(find(p, options), ElementsAre(Speech{0, 15 * kChunk}));
}

TEST(FindSpeech, PadsAndSharesTheSilenceBetween) {
  const auto p = runs({{1, 0}, {4, 0.9f}, {5, 0}, {4, 0.9f}, {20, 0}, {2, 0.9f}, {1, 0}});
  SpanOptions options = plain();
  options.pad_ms = 3 * 32;
  EXPECT_THAT(find(p, options), ElementsAre(Speech{0, 5 * kChunk + 5 * kChunk / 2},
                                            Speech{10 * kChunk - 5 * kChunk / 2, 17 * kChunk},
                                            Speech{31 * kChunk, 37 * kChunk}));
}

TEST(FindSpeech, EndsWithTheStream) {
  const auto p = runs({{2, 0}, {3, 0.9f}});
  const auto found = find_speech(p, 5 * kChunk - 100, kRate, kChunk, SpanOptions()).value();
  EXPECT_THAT(found, ElementsAre(Speech{0, 5 * kChunk - 100}));
  EXPECT_TRUE(find({}, SpanOptions()).empty());
}

TEST(FindSpeech, CutsWhatIsTooLong) {
  SpanOptions options = plain();
  options.min_silence_ms = 60'000;
  options.max_speech_ms = 21 * 32;  // 20 chunks and the one at which it is noticed
  // Silences of 6 chunks at 3 and of 5 at 12: both long enough for a cut.
  const auto p = runs({{3, 0.9f}, {6, 0}, {3, 0.9f}, {5, 0}, {7, 0.9f}});
  EXPECT_THAT(find(p, options),
              ElementsAre(Speech{0, 12 * kChunk}, Speech{17 * kChunk, 24 * kChunk}));
  options.cut_at_silence = CutAtSilence::kLongest;
  EXPECT_THAT(find(p, options),
              ElementsAre(Speech{0, 3 * kChunk}, Speech{9 * kChunk, 24 * kChunk}));
}

TEST(FindSpeech, CutsWhereSpeechIsLeastProbableWithoutSilence) {
  SpanOptions options = plain();
  options.max_speech_ms = 21 * 32;
  auto p = runs({{60, 0.9f}});
  p[3] = 0.4f;  // in the first half of the span
  p[14] = 0.6f;
  p[30] = 0.7f;
  EXPECT_THAT(find(p, options),
              ElementsAre(Speech{0, 14 * kChunk}, Speech{14 * kChunk, 30 * kChunk},
                          Speech{30 * kChunk, 41 * kChunk}, Speech{41 * kChunk, 60 * kChunk}));
  options.cut_without_silence = CutWithoutSilence::kNow;
  EXPECT_THAT(find(p, options),
              ElementsAre(Speech{0, 21 * kChunk}, Speech{22 * kChunk, 43 * kChunk},
                          Speech{44 * kChunk, 60 * kChunk}));
}

// Whatever comes: spans in order, within the stream, none longer than the limit, and without
// padding nothing that is probable is outside.
TEST(FindSpeech, HoldsItsPromisesForRandomProbabilities) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (int round = 0; round < 500; ++round) {
    SpanOptions options;
    options.min_silence_ms = static_cast<int64_t>(random() % 5) * 100;
    options.pad_ms = static_cast<int64_t>(random() % 3) * 50;
    options.max_speech_ms = 1000;
    options.cut_at_silence = round % 2 == 0 ? CutAtSilence::kLast : CutAtSilence::kLongest;
    std::vector<float> p;
    while (p.size() < 300) p.insert(p.end(), 1 + random() % 30, std::sqrt(uniform(random)));
    const int64_t samples = static_cast<int64_t>(p.size()) * kChunk - 99;
    const auto spans = find_speech(p, samples, kRate, kChunk, options).value();
    std::vector<bool> inside(p.size());
    int64_t end = 0;
    for (const Speech& span : spans) {
      ASSERT_GE(span.begin, end);
      ASSERT_GT(span.end, span.begin);
      if (options.cut_at_silence == CutAtSilence::kLast) {
        ASSERT_LE(span.end - span.begin, 16 * 1000);
      }
      end = span.end;
      for (int64_t at = (span.begin + kChunk - 1) / kChunk; at * kChunk < span.end; ++at) {
        inside[static_cast<size_t>(at)] = true;
      }
    }
    ASSERT_LE(end, samples);
    for (size_t i = 0; i < p.size(); ++i) {
      ASSERT_TRUE(inside[i] || p[i] < options.threshold) << "round " << round << " chunk " << i;
    }
  }
}

TEST(SpanFinder, BeginsAnewAfterFinish) {
  auto finder = SpanFinder::create(SpanOptions::silero_defaults(), kRate, kChunk).value();
  const auto p = runs({{4, 0}, {20, 0.9f}, {6, 0}, {3, 0.6f}});
  const auto samples = static_cast<int64_t>(p.size()) * kChunk;
  std::vector<Speech> first, second;
  for (float x : p) finder.push(x);
  first = finder.finish(samples);
  for (float x : p) finder.push(x);
  second = finder.finish(samples);
  EXPECT_EQ(first.size(), 1u);
  EXPECT_EQ(first, second);
}

TEST(SpanFinder, RefusesOptionsByName) {
  const auto refused = [](auto change) {
    SpanOptions options;
    change(options);
    return std::string(SpanFinder::create(options, kRate, kChunk).status().message());
  };
  EXPECT_EQ(refused([](SpanOptions& o) { o.threshold = 1.5f; }),
            "threshold: expected a probability, 0 to 1, found 1.5");
  EXPECT_THAT(refused([](SpanOptions& o) { o.threshold = NAN; }), HasSubstr("threshold: "));
  EXPECT_THAT(refused([](SpanOptions& o) { o.neg_threshold = 0.6f; }),
              HasSubstr("neg_threshold: expected at most the threshold 0.5, found 0.6"));
  EXPECT_THAT(refused([](SpanOptions& o) { o.pad_ms = -1; }), HasSubstr("pad_ms: expected 0 to"));
  EXPECT_THAT(refused([](SpanOptions& o) { o.min_silence_ms = INT64_MAX; }),
              HasSubstr("min_silence_ms: expected 0 to"));
  EXPECT_EQ(refused([](SpanOptions& o) { o.max_speech_ms = 800; }),
            "max_speech_ms: expected at least 896, three chunks and the padding, or 0 for no "
            "limit; found 800");
}

}  // namespace
}  // namespace escuta::silero
