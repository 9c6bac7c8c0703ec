#include "pipeline/writers.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

Transcript example() {
  Transcript transcript;
  transcript.file = "talk.mp3";
  transcript.duration_s = 3725;
  transcript.language = "en";
  transcript.language_probability = 1;
  transcript.model = "tiny.en";
  transcript.providers = {{"ort", 12, ""}};
  transcript.timing.total_ms = 1000;
  transcript.segments = {
      {.id = 0, .start_s = 0, .end_s = 2.5, .text = " Hello there.", .tokens = {1, 2}},
      {.id = 1,
       .start_s = 3723.0004,
       .end_s = 3724.9996,
       .text = " a --> b\t<i>&\nc ",
       .tokens = {3}}};
  return transcript;
}

TEST(Writers, Txt) { EXPECT_EQ(render(example(), Format::kTxt), "Hello there.\na --> b <i>& c\n"); }

TEST(Writers, Srt) {
  EXPECT_EQ(render(example(), Format::kSrt),
            "1\n00:00:00,000 --> 00:00:02,500\nHello there.\n\n"
            "2\n01:02:03,000 --> 01:02:05,000\na -> b <i>& c\n\n");
}

TEST(Writers, VttEscapesTags) {
  EXPECT_EQ(render(example(), Format::kVtt),
            "WEBVTT\n\n00:00.000 --> 00:02.500\nHello there.\n\n"
            "01:02:03.000 --> 01:02:05.000\na -> b &lt;i>&amp; c\n\n");
}

TEST(Writers, Tsv) {
  EXPECT_EQ(render(example(), Format::kTsv),
            "start\tend\ttext\n0\t2500\tHello there.\n3723000\t3725000\ta --> b <i>& c\n");
}

TEST(Writers, Lrc) {
  EXPECT_EQ(render(example(), Format::kLrc), "[00:00.00]Hello there.\n[62:03.00]a --> b <i>& c\n");
}

TEST(Writers, JsonIsOneLineWithTheContractsKeys) {
  const std::string line = render(example(), Format::kJson);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const Json json = parse_json(line).value();
  EXPECT_EQ(json["file"], "talk.mp3");
  EXPECT_EQ(json["text"], "Hello there. a --> b\t<i>&\nc");
  EXPECT_EQ(json["segments"][0]["tokens"], Json({1, 2}));
  EXPECT_EQ(json["provider"][0]["name"], "ort");
  EXPECT_EQ(json["timing"]["realtime_factor"], 3725.0);
  for (const char* key : {"duration", "language", "language_probability", "model", "timing"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
}

TEST(Writers, AnEmptyTranscriptIsStillWellFormed) {
  Transcript nothing;
  EXPECT_EQ(render(nothing, Format::kTxt), "");
  EXPECT_EQ(render(nothing, Format::kVtt), "WEBVTT\n\n");
  EXPECT_TRUE(parse_json(render(nothing, Format::kJson)).ok());
}

TEST(ParseFormats, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_formats("srt,txt,srt").value(), (std::vector{Format::kSrt, Format::kTxt}));
  EXPECT_EQ(parse_formats("txt,doc").status().message(),
            "output format: expected txt, srt, vtt, json, tsv or lrc, found `doc`");
  EXPECT_FALSE(parse_formats("").ok());
}

}  // namespace
}  // namespace escuta::pipeline
