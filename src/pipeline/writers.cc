#include "pipeline/writers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/strings.h"

namespace escuta::pipeline {
namespace {

struct FormatName {
  Format format;
  std::string_view name;
};

constexpr std::array<FormatName, 6> kFormats = {{{Format::kTxt, "txt"},
                                                 {Format::kSrt, "srt"},
                                                 {Format::kVtt, "vtt"},
                                                 {Format::kJson, "json"},
                                                 {Format::kTsv, "tsv"},
                                                 {Format::kLrc, "lrc"}}};

int64_t milliseconds(double seconds) { return std::llround(std::max(seconds, 0.0) * 1000); }

// "00:01:02,345" (SubRip) or "00:01:02.345"; hours are left out when 0 and not always wanted.
std::string clock(double seconds, bool always_hours, char decimal_mark) {
  const int64_t ms = milliseconds(seconds);
  const int64_t hours = ms / 3'600'000;
  std::string text;
  if (always_hours || hours > 0) text = fmt::format("{:02}:", hours);
  return text + fmt::format("{:02}:{:02}{}{:03}", ms / 60'000 % 60, ms / 1000 % 60, decimal_mark,
                            ms % 1000);
}

// On one line: line breaks and tabs become spaces.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : trimmed(text)) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
    line += space ? ' ' : c;
  }
  return line;
}

// An arrow inside a text would end a subtitle's header.
std::string subtitle_text(std::string_view text) {
  std::string line = one_line(text);
  for (size_t at = 0; (at = line.find("-->", at)) != std::string::npos;) line.replace(at, 3, "->");
  return line;
}

// WebVTT reads tags and entities in its text (W3C WebVTT, section 4.2.2).
std::string escaped_cue(std::string_view text) {
  std::string out;
  for (const char c : subtitle_text(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string render_txt(const Transcript& transcript) {
  std::string out;
  for (const Segment& s : transcript.segments) out += one_line(s.text) + "\n";
  return out;
}

std::string render_srt(const Transcript& transcript) {
  std::string out;
  int number = 0;
  for (const Segment& s : transcript.segments) {
    out += fmt::format("{}\n{} --> {}\n{}\n\n", ++number, clock(s.start_s, true, ','),
                       clock(s.end_s, true, ','), subtitle_text(s.text));
  }
  return out;
}

std::string render_vtt(const Transcript& transcript) {
  std::string out = "WEBVTT\n\n";
  for (const Segment& s : transcript.segments) {
    out += fmt::format("{} --> {}\n{}\n\n", clock(s.start_s, false, '.'),
                       clock(s.end_s, false, '.'), escaped_cue(s.text));
  }
  return out;
}

std::string render_tsv(const Transcript& transcript) {
  std::string out = "start\tend\ttext\n";
  for (const Segment& s : transcript.segments) {
    out += fmt::format("{}\t{}\t{}\n", milliseconds(s.start_s), milliseconds(s.end_s),
                       one_line(s.text));
  }
  return out;
}

std::string render_lrc(const Transcript& transcript) {
  std::string out;
  for (const Segment& s : transcript.segments) {
    const int64_t hundredths = std::llround(std::max(s.start_s, 0.0) * 100);
    out += fmt::format("[{:02}:{:02}.{:02}]{}\n", hundredths / 6000, hundredths / 100 % 60,
                       hundredths % 100, one_line(s.text));
  }
  return out;
}

// Three digits after the point are finer than any clock here.
double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

std::string_view format_name(Format format) {
  for (const FormatName& entry : kFormats) {
    if (entry.format == format) return entry.name;
  }
  return "";
}

Result<std::vector<Format>> parse_formats(std::string_view list) {
  std::vector<Format> formats;
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    const auto known = std::find_if(kFormats.begin(), kFormats.end(),
                                    [&](const FormatName& entry) { return entry.name == name; });
    if (known == kFormats.end()) {
      return invalid_argument("output format: expected txt, srt, vtt, json, tsv or lrc, found `{}`",
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
    segments.push_back({{"id", s.id},
                        {"start", rounded(s.start_s)},
                        {"end", rounded(s.end_s)},
                        {"text", s.text},
                        {"tokens", s.tokens},
                        {"temperature", s.temperature},
                        {"avg_logprob", s.avg_logprob},
                        {"compression_ratio", s.compression_ratio},
                        {"no_speech_prob", s.no_speech_prob}});
    if (!words.empty()) segments.back()["words"] = std::move(words);
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

std::string render(const Transcript& transcript, Format format) {
  switch (format) {
    case Format::kTxt:
      return render_txt(transcript);
    case Format::kSrt:
      return render_srt(transcript);
    case Format::kVtt:
      return render_vtt(transcript);
    case Format::kJson:
      return json_dump(transcript_json(transcript)) + "\n";
    case Format::kTsv:
      return render_tsv(transcript);
    case Format::kLrc:
      return render_lrc(transcript);
  }
  return "";
}

}  // namespace escuta::pipeline
