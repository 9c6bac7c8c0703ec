#include "pipeline/writers.h"

#include <gmock/gmock.h>
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

TEST(Writers, AssEscapesOverrides) {
  Transcript transcript = example();
  transcript.segments[1].text = "{\\an8}x, y";
  const std::string text = render(transcript, Format::kAss);
  EXPECT_EQ(text.substr(0, 14), "[Script Info]\n");
  EXPECT_THAT(
      text, testing::HasSubstr("\nDialogue: 0,0:00:00.00,0:00:02.50,Default,,0,0,0,,Hello there.\n"
                               "Dialogue: 0,1:02:03.00,1:02:05.00,Default,,0,0,0,,"
                               "\\{\\\u2060an8\\}x, y\n"));
}

TEST(Writers, TtmlIsXml) {
  Transcript transcript = example();
  transcript.segments[1].speaker = "A & B";
  transcript.segments[0].text = "x\x01y";
  EXPECT_EQ(render(transcript, Format::kTtml),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xml:lang="en">
  <head>
    <metadata>
      <ttm:agent type="person" xml:id="speaker1"><ttm:name type="full">A &amp; B</ttm:name></ttm:agent>
    </metadata>
  </head>
  <body>
    <div>
      <p begin="00:00:00.000" end="00:00:02.500">x�y</p>
      <p begin="01:02:03.000" end="01:02:05.000" ttm:agent="speaker1">a --&gt; b &lt;i&gt;&amp; c</p>
    </div>
  </body>
</tt>
)");
}

TEST(Writers, AudacityLabels) {
  EXPECT_EQ(render(example(), Format::kAudacity),
            "0.000000\t2.500000\tHello there.\n3723.000400\t3724.999600\ta --> b <i>& c\n");
  EXPECT_EQ(format_extension(Format::kAudacity), "labels.txt");
}

TEST(Writers, SpeakersWhereTheyAreKnown) {
  Transcript transcript = example();
  transcript.segments.pop_back();
  transcript.segments[0].speaker = "Anna --> <1>,";
  EXPECT_EQ(render(transcript, Format::kTxt), "Anna --> <1>,: Hello there.\n");
  EXPECT_EQ(render(transcript, Format::kSrt),
            "1\n00:00:00,000 --> 00:00:02,500\nAnna -> <1>,: Hello there.\n\n");
  EXPECT_EQ(render(transcript, Format::kVtt),
            "WEBVTT\n\n00:00.000 --> 00:02.500\n<v Anna --  &lt;1 ,>Hello there.\n\n");
  EXPECT_EQ(render(transcript, Format::kTsv),
            "start\tend\ttext\tspeaker\n0\t2500\tHello there.\tAnna --> <1>,\n");
  EXPECT_EQ(render(transcript, Format::kLrc), "[00:00.00]Anna --> <1>,: Hello there.\n");
  EXPECT_THAT(render(transcript, Format::kAss), testing::HasSubstr("Default,Anna --> <1> ,0,0,0"));
  EXPECT_EQ(parse_json(render(transcript, Format::kJson)).value()["segments"][0]["speaker"],
            "Anna --> <1>,");
}

Transcript spoken_words() {
  Transcript transcript;
  transcript.segments = {
      {.start_s = 1,
       .end_s = 3,
       .text = " One {two} three",
       .words = {{1, 1.5, " One", 1}, {1.75, 2.25, " {two}", 1}, {2.25, 3, " three", 1}}}};
  return transcript;
}

TEST(Writers, MarkEachWordWhileItIsSaid) {
  const Layout layout = {.max_line_width = 9, .highlight_words = true};
  EXPECT_EQ(render(spoken_words(), Format::kSrt, layout),
            "1\n00:00:01,000 --> 00:00:01,500\n<u>One</u> {two}\nthree\n\n"
            "2\n00:00:01,500 --> 00:00:01,750\nOne {two}\nthree\n\n"
            "3\n00:00:01,750 --> 00:00:02,250\nOne <u>{two}</u>\nthree\n\n"
            "4\n00:00:02,250 --> 00:00:03,000\nOne {two}\n<u>three</u>\n\n");
  EXPECT_THAT(render(spoken_words(), Format::kVtt, layout),
              testing::HasSubstr("00:01.750 --> 00:02.250\nOne <u>{two}</u>\nthree\n\n"));
  EXPECT_THAT(render(spoken_words(), Format::kAss, layout),
              testing::HasSubstr(",,{\\k50}One{\\k25}{\\k50} \\{two\\}\\N{\\k75}three\n"));
  EXPECT_EQ(render(spoken_words(), Format::kLrc, layout),
            "[00:01.00]<00:01.00>One <00:01.75>{two} <00:02.25>three<00:03.00>\n");
}

TEST(Writers, WithoutWordsThereIsNothingToMark) {
  const Layout layout = {.highlight_words = true};
  for (const Format format : {Format::kSrt, Format::kVtt, Format::kLrc}) {
    EXPECT_EQ(render(example(), format, layout), render(example(), format));
  }
}

TEST(Writers, LinesAreBrokenInEveryFormatThatShowsCues) {
  const Layout layout = {.max_line_width = 7};
  Transcript transcript = example();
  transcript.segments.pop_back();
  EXPECT_EQ(render(transcript, Format::kSrt, layout),
            "1\n00:00:00,000 --> 00:00:02,500\nHello\nthere.\n\n");
  EXPECT_THAT(render(transcript, Format::kAss, layout), testing::HasSubstr(",,Hello\\Nthere.\n"));
  EXPECT_THAT(render(transcript, Format::kTtml, layout),
              testing::HasSubstr(">Hello<br/>there.</p>"));
  EXPECT_EQ(render(transcript, Format::kTxt, layout), "Hello there.\n");
}

TEST(ParseFormats, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_formats("srt,txt,srt").value(), (std::vector{Format::kSrt, Format::kTxt}));
  EXPECT_EQ(
      parse_formats("txt,doc").status().message(),
      "output format: expected txt, srt, vtt, json, tsv, lrc, ass, ttml or audacity, found `doc`");
  EXPECT_FALSE(parse_formats("").ok());
}

}  // namespace
}  // namespace escuta::pipeline
