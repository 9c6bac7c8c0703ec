#include "pipeline/writers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/strings.h"
#include "pipeline/writer_text.h"

namespace escuta::pipeline {
namespace {

struct FormatRow {
  Format format;
  std::string_view name, extension;
  bool shows_cues, marks_words;
};

constexpr std::array<FormatRow, 9> kFormats = {
    {{Format::kTxt, "txt", "txt", false, false},
     {Format::kSrt, "srt", "srt", true, true},
     {Format::kVtt, "vtt", "vtt", true, true},
     {Format::kJson, "json", "json", false, false},
     {Format::kTsv, "tsv", "tsv", false, false},
     {Format::kLrc, "lrc", "lrc", false, true},
     {Format::kAss, "ass", "ass", true, true},
     {Format::kTtml, "ttml", "ttml", true, false},
     {Format::kAudacity, "audacity", "labels.txt", false, false}}};

const FormatRow& row_of(Format format) {
  const auto row = std::ranges::find(kFormats, format, &FormatRow::format);
  ESCUTA_CHECK(row != kFormats.end());
  return *row;
}

std::string render_txt(const Transcript& transcript) {
  std::string out;
  for (const Segment& s : transcript.segments) {
    out += with_speaker(s.speaker, one_line(s.text)) + "\n";
  }
  return out;
}

// With a fourth column where speakers are told apart.
std::string render_tsv(const Transcript& transcript) {
  const bool speakers =
      std::ranges::any_of(transcript.segments, [](const Segment& s) { return !s.speaker.empty(); });
  std::string out = speakers ? "start\tend\ttext\tspeaker\n" : "start\tend\ttext\n";
  for (const Segment& s : transcript.segments) {
    out +=
        fmt::format("{}\t{}\t{}", milliseconds(s.start_s), milliseconds(s.end_s), one_line(s.text));
    if (speakers) out += "\t" + one_line(s.speaker);
    out += '\n';
  }
  return out;
}

std::string lrc_clock(double seconds) {
  const int64_t cs = hundredths(seconds);
  return fmt::format("{:02}:{:02}.{:02}", cs / 6000, cs / 100 % 60, cs % 100);
}

// With the time of each word before it and that of the last one's end behind it ("enhanced" lrc).
std::string lrc_words(const Segment& segment) {
  std::string line;
  double end_s = segment.end_s;
  for (const Word& word : segment.words) {
    const std::string text = one_line(word.text);
    if (text.empty()) continue;
    const bool spaced = !line.empty() && trimmed(word.text).data() != word.text.data();
    line += fmt::format("{}<{}>{}", spaced ? " " : "", lrc_clock(word.start_s), text);
    end_s = word.end_s;
  }
  return line.empty() ? one_line(segment.text) : line + "<" + lrc_clock(end_s) + ">";
}

std::string render_lrc(const Transcript& transcript, const Layout& layout) {
  std::string out;
  for (const Segment& s : transcript.segments) {
    const std::string text = layout.highlight_words ? lrc_words(s) : one_line(s.text);
    out += fmt::format("[{}]{}\n", lrc_clock(s.start_s), with_speaker(s.speaker, text));
  }
  return out;
}

// Audacity's label track: start, end and label, in seconds, separated by tabs.
std::string render_audacity(const Transcript& transcript) {
  std::string out;
  for (const Segment& s : transcript.segments) {
    out += fmt::format("{:.6f}\t{:.6f}\t{}\n", std::max(s.start_s, 0.0), std::max(s.end_s, 0.0),
                       with_speaker(s.speaker, one_line(s.text)));
  }
  return out;
}

// Three digits after the point are finer than any clock here.
double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

std::string_view format_name(Format format) { return row_of(format).name; }

std::string_view format_extension(Format format) { return row_of(format).extension; }

bool shows_cues(Format format) { return row_of(format).shows_cues; }

bool marks_words(Format format) { return row_of(format).marks_words; }

Result<std::vector<Format>> parse_formats(std::string_view list) {
  std::vector<Format> formats;
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    const auto known = std::find_if(kFormats.begin(), kFormats.end(),
                                    [&](const FormatRow& entry) { return entry.name == name; });
    if (known == kFormats.end()) {
      return invalid_argument(
          "output format: expected txt, srt, vtt, json, tsv, lrc, ass, ttml or audacity, found "
          "`{}`",
          name);
    }
    if (std::find(formats.begin(), formats.end(), known->format) == formats.end()) {
      formats.push_back(known->format);
    }
    if (comma == std::string_view::npos) return formats;
    list.remove_prefix(comma + 1);
  }
}

Json transcript_json(const Transcript& transcript) {
  Json segments = Json::array();
  for (const Segment& s : transcript.segments) {
    Json words = Json::array();
    for (const Word& w : s.words) {
      words.push_back({{"start", rounded(w.start_s)},
                       {"end", rounded(w.end_s)},
                       {"word", w.text},
                       {"probability", rounded(w.probability)}});
    }
    Json segment = {{"id", s.id},
                    {"start", rounded(s.start_s)},
                    {"end", rounded(s.end_s)},
                    {"text", s.text},
                    {"tokens", s.tokens},
                    {"temperature", s.temperature},
                    {"avg_logprob", s.avg_logprob},
                    {"compression_ratio", s.compression_ratio},
                    {"no_speech_prob", s.no_speech_prob}};
    if (!s.language.empty()) segment["language"] = s.language;
    if (!s.speaker.empty()) segment["speaker"] = s.speaker;
    if (!words.empty()) segment["words"] = std::move(words);
    segments.push_back(std::move(segment));
  }
  Json providers = Json::array();
  for (const engine::Placement& p : transcript.providers) {
    providers.push_back({{"name", p.provider}, {"nodes", p.nodes}, {"reason", p.reason}});
  }
  const Timing& t = transcript.timing;
  return {{"file", transcript.file},
          {"duration", rounded(transcript.duration_s)},
          {"language", transcript.language},
          {"language_probability", transcript.language_probability},
          {"text", transcript.text()},
          {"segments", std::move(segments)},
          {"model", transcript.model},
          {"provider", std::move(providers)},
          {"timing",
           {{"load_ms", rounded(t.load_ms)},
            {"decode_audio_ms", rounded(t.decode_audio_ms)},
            {"features_ms", rounded(t.features_ms)},
            {"encode_ms", rounded(t.encode_ms)},
            {"decode_ms", rounded(t.decode_ms)},
            {"total_ms", rounded(t.total_ms)},
            {"tokens", t.tokens},
            {"realtime_factor", rounded(transcript.realtime_factor())}}}};
}

std::string render(const Transcript& transcript, Format format, const Layout& layout) {
  switch (format) {
    case Format::kTxt:
      return render_txt(transcript);
    case Format::kSrt:
      return render_srt(transcript, layout);
    case Format::kVtt:
      return render_vtt(transcript, layout);
    case Format::kJson:
      return json_dump(transcript_json(transcript)) + "\n";
    case Format::kTsv:
      return render_tsv(transcript);
    case Format::kLrc:
      return render_lrc(transcript, layout);
    case Format::kAss:
      return render_ass(transcript, layout);
    case Format::kTtml:
      return render_ttml(transcript, layout);
    case Format::kAudacity:
      return render_audacity(transcript);
  }
  return "";
}

}  // namespace escuta::pipeline
