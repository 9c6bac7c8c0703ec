// Against faster-whisper, silero-vad and ONNX Runtime: tests/golden/make_vad_golden.py.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <map>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "models/silero/speech_detector.h"
#include "models/silero/test_sound.h"

namespace escuta::silero {
namespace {

void for_each_line(const std::string& kind, const std::function<void(const Json&)>& visit) {
  const auto path = std::filesystem::path(ESCUTA_SOURCE_DIR) / "tests/golden/vad_golden.jsonl";
  std::istringstream lines(read_file(path, size_t{1} << 20).value());
  int visited = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json json = parse_json(line).value();
    if (json["kind"] != kind) continue;
    visit(json);
    ++visited;
  }
  EXPECT_GT(visited, 0);
}

// By faster-whisper's names.
SpanOptions options_of(const Json& json) {
  SpanOptions options;
  options.cut_without_silence = CutWithoutSilence::kNow;
  options.threshold = json.value("threshold", options.threshold);
  options.min_speech_ms = json.value("min_speech_duration_ms", options.min_speech_ms);
  options.min_silence_ms = json.value("min_silence_duration_ms", options.min_silence_ms);
  options.pad_ms = json.value("speech_pad_ms", options.pad_ms);
  options.max_speech_ms = std::lround(json.value("max_speech_duration_s", 0.0) * 1000);
  return options;
}

std::vector<Speech> spans_of(const Json& json) {
  std::vector<Speech> spans;
  for (const Json& span : json["spans"]) spans.push_back({span[0], span[1]});
  return spans;
}

TEST(VadGolden, SpansOfMadeUpProbabilities) {
  for_each_line("rule", [](const Json& line) {
    SpanOptions options = options_of(line["options"]);
    if (line["cut"] == "longest") options.cut_at_silence = CutAtSilence::kLongest;
    const auto values = line["values"].get<std::vector<float>>();
    EXPECT_EQ(find_speech(values, line["samples"], 16000, 512, options).value(), spans_of(line))
        << line["options"] << line["cut"];
  });
}

std::shared_ptr<const VadModel> model() {
  static const auto loaded = VadModel::load(test_registry()).value();
  return loaded;
}

SpeechDetector detector_of(const SpanOptions& spans) {
  SpeechDetector::Options options;
  options.spans = spans;
  return SpeechDetector::create(model(), options).value();
}

// `shared`: the recordings that the repository does not have.
void compare_probabilities(bool shared) {
  for_each_line("probabilities", [&](const Json& line) {
    const std::string name = line["file"];
    if (name.starts_with("samples/") == shared) return;
    SpeechDetector detector = detector_of({});
    detector.keep_probabilities();
    ASSERT_TRUE(detector.push(read_sound(test_file(name))).ok());
    ASSERT_TRUE(detector.finish().ok());
    const auto expected = line["values"].get<std::vector<float>>();
    EXPECT_THAT(detector.probabilities(),
                ::testing::Pointwise(::testing::FloatNear(1e-4f), expected))
        << name;
  });
}

void compare_spans(bool shared) {
  std::map<std::string, std::vector<float>> sounds;
  for_each_line("spans", [&](const Json& line) {
    const std::string name = line["file"];
    if (name.starts_with("samples/") == shared) return;
    if (sounds[name].empty()) sounds[name] = read_sound(test_file(name));
    SpeechDetector detector = detector_of(options_of(line["options"]));
    ASSERT_TRUE(detector.push(sounds[name]).ok());
    EXPECT_EQ(detector.finish().value(), spans_of(line)) << name << line["options"];
  });
}

TEST(VadGolden, ProbabilitiesOfTheSample) { compare_probabilities(false); }
TEST(VadGolden, SpansOfTheSample) { compare_spans(false); }

TEST(VadGolden, ProbabilitiesOfSharedRecordings) {
  if (test_file("vad").empty()) GTEST_SKIP() << "no shared data (set ESCUTA_SHARED_DATA)";
  compare_probabilities(true);
}
TEST(VadGolden, ProbabilitiesOfStepModels) {
  if (test_file("vad").empty()) GTEST_SKIP() << "no shared data (set ESCUTA_SHARED_DATA)";
  const std::vector<float> whole = read_sound(test_file("samples/jfk.wav"));
  for_each_line("steps", [&](const Json& line) {
    const size_t step = line["step"];
    std::vector<float> sound;
    for (size_t at = 0; at < whole.size(); at += step) sound.push_back(whole[at]);
    SpeechDetector::Options options;
    options.rate_hz = 16000 / static_cast<int>(step);
    auto detector = SpeechDetector::create(test_registry(),
                                           test_file(line["model"].get<std::string>()), options);
    ASSERT_TRUE(detector.ok()) << detector.status().to_string();
    detector->keep_probabilities();
    ASSERT_TRUE(detector->push(sound).ok());
    ASSERT_TRUE(detector->finish().ok());
    const auto expected = line["values"].get<std::vector<float>>();
    EXPECT_THAT(detector->probabilities(),
                ::testing::Pointwise(::testing::FloatNear(1e-4f), expected))
        << line["model"] << step;
  });
}

TEST(VadGolden, SpansOfSharedRecordings) {
  if (test_file("vad").empty()) GTEST_SKIP() << "no shared data (set ESCUTA_SHARED_DATA)";
  compare_spans(true);
}

}  // namespace

// How a failed comparison shows a span.
void PrintTo(const Speech& span, std::ostream* out) { *out << span.begin << ".." << span.end; }

}  // namespace escuta::silero
