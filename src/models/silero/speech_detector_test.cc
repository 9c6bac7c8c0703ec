#include "models/silero/speech_detector.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "models/silero/test_sound.h"

namespace escuta::silero {
namespace {

using ::testing::HasSubstr;

const std::shared_ptr<const VadModel>& built_in() {
  static const auto model = VadModel::load(test_registry()).value();
  return model;
}

SpeechDetector detector(const SpanOptions& spans = SpanOptions::silero_defaults()) {
  SpeechDetector::Options options;
  options.spans = spans;
  auto made = SpeechDetector::create(built_in(), options).value();
  made.keep_probabilities();
  return made;
}

const std::vector<float>& jfk() {
  static const std::vector<float> sound = read_sound(test_file("samples/jfk.wav"));
  return sound;
}

std::vector<float> probabilities_of(SpeechDetector& detector) {
  return {detector.probabilities().begin(), detector.probabilities().end()};
}

TEST(SpeechDetector, FindsTheSentencesOfTheSample) {
  const auto made = SpeechDetector::create(test_registry(), SpeechDetector::Options());
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  SpeechDetector one = detector();
  ASSERT_TRUE(one.push(jfk()).ok());
  EXPECT_EQ(one.samples(), 176000);
  const auto spans = one.finish().value();
  // "And so, my fellow Americans: ask not what your country can do for you, ask what ..."
  ASSERT_EQ(spans.size(), 5u);
  EXPECT_NEAR(static_cast<double>(spans.front().begin) / 16000, 0.3, 0.1);
}

TEST(SpeechDetector, HearsNothingInSilenceAndInNoise) {
  SpeechDetector one = detector();
  ASSERT_TRUE(one.push(std::vector<float>(50000)).ok());
  EXPECT_TRUE(one.finish().value().empty());
  std::mt19937 random(1);
  std::normal_distribution<float> noise(0, 0.05f);
  std::vector<float> sound(80000);
  for (float& sample : sound) sample = noise(random);
  ASSERT_TRUE(one.push(sound).ok());
  EXPECT_TRUE(one.finish().value().empty());
  EXPECT_TRUE(one.finish().value().empty());  // of no samples at all
  EXPECT_TRUE(one.probabilities().empty());
}

TEST(SpeechDetector, DoesNotDependOnHowTheStreamIsCut) {
  SpeechDetector whole = detector();
  ASSERT_TRUE(whole.push(jfk()).ok());
  const auto spans = whole.finish().value();
  const auto expected = probabilities_of(whole);
  EXPECT_EQ(expected.size(), (jfk().size() + 511) / 512);
  std::mt19937 random(5);
  SpeechDetector cut = detector();
  for (const size_t most : {1u, 700u, 100'000u}) {  // one detector, several streams
    for (size_t at = 0; at < jfk().size();) {
      const size_t count = std::min<size_t>(random() % (most + 1), jfk().size() - at);
      ASSERT_TRUE(cut.push(std::span(jfk()).subspan(at, count)).ok());
      at += count;
    }
    EXPECT_EQ(cut.finish().value(), spans);
    EXPECT_EQ(probabilities_of(cut), expected);
  }
}

TEST(SpeechDetector, RefusesWhatIsNoNumberAndGoesOnAfterFinish) {
  SpeechDetector one = detector();
  std::vector<float> bad = jfk();
  bad[70'001] = std::nanf("");
  const auto status = one.push(bad);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "expected samples that are finite numbers, found nan at sample 70001");
  EXPECT_FALSE(one.push(jfk()).ok());
  EXPECT_EQ(one.finish().status().message(), status.message());
  ASSERT_TRUE(one.push(jfk()).ok());
  EXPECT_EQ(one.finish().value().size(), 5u);
  bad[70'001] = -INFINITY;
  EXPECT_THAT(std::string(one.push(bad).message()), HasSubstr("found -inf at sample 70001"));
}

TEST(SpeechDetector, RefusesRatesThatTheModelDoesNotKnow) {
  for (const int rate : {8000, 44100, 0, -16000}) {
    SpeechDetector::Options options;
    options.rate_hz = rate;
    EXPECT_EQ(SpeechDetector::create(built_in(), options).status().message(),
              fmt::format("the built-in model of speech: expected a sample rate of 16000 Hz, "
                          "found {}; resample the sound",
                          rate));
  }
}

class Variants : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test_file("vad").empty()) GTEST_SKIP() << "no shared data (set ESCUTA_SHARED_DATA)";
  }
  static Result<SpeechDetector> load(const std::string& name, int rate_hz = 16000) {
    SpeechDetector::Options options;
    options.spans = SpanOptions::silero_defaults();
    options.rate_hz = rate_hz;
    auto made = SpeechDetector::create(test_registry(), test_file("vad/" + name), options);
    if (made.ok()) made->keep_probabilities();
    return made;
  }
  static std::vector<Speech> spans(SpeechDetector& detector, const std::vector<float>& sound) {
    EXPECT_TRUE(detector.push(sound).ok());
    return detector.finish().value();
  }
};

TEST_F(Variants, AreTheirKind) {
  for (const char* name : {"silero_vad.onnx", "silero_vad_16k_op15.onnx", "silero_vad_half.onnx"}) {
    EXPECT_EQ(
        VadModel::load(test_registry(), test_file(std::string("vad/") + name)).value()->kind(),
        VadModel::Kind::kStep);
  }
  auto v6 = load("silero_vad_v6.onnx").value(), own = detector();
  EXPECT_EQ(spans(v6, jfk()), spans(own, jfk()));
  EXPECT_EQ(probabilities_of(v6), probabilities_of(own));
}

TEST_F(Variants, OfTwoRatesHearAtBoth) {
  auto narrow = load("silero_vad.onnx", 8000).value(), wide = load("silero_vad.onnx").value();
  const auto at8 = spans(narrow, read_sound(test_file("samples/jfk.wav"), 8000));
  const auto at16 = spans(wide, jfk());
  ASSERT_FALSE(at8.empty());
  int64_t speech8 = 0, speech16 = 0;
  for (const Speech& span : at8) speech8 += span.end - span.begin;
  for (const Speech& span : at16) speech16 += span.end - span.begin;
  EXPECT_NEAR(static_cast<double>(speech8) / 8000, static_cast<double>(speech16) / 16000, 1.0);
  for (const char* name :
       {"silero_vad_16k_op15.onnx", "silero_vad_half.onnx", "silero_vad_v6.onnx"}) {
    EXPECT_THAT(std::string(load(name, 8000).status().message()),
                HasSubstr("expected a sample rate of 16000 Hz, found 8000"));
  }
  EXPECT_THAT(std::string(load("silero_vad.onnx", 48000).status().message()),
              HasSubstr("expected a sample rate of 16000 or 8000 Hz, found 48000"));
}

}  // namespace
}  // namespace escuta::silero
