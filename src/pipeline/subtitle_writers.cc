// SubRip, WebVTT, Advanced SubStation Alpha and TTML.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "pipeline/strings.h"
#include "pipeline/writer_text.h"

namespace escuta::pipeline {
namespace {

using Escape = std::function<std::string(std::string_view)>;

std::vector<Cue> cues_of(const Transcript& transcript, const Layout& layout) {
  std::vector<Cue> all;
  for (const Segment& segment : transcript.segments) {
    for (Cue& cue : lay_out(segment, layout)) all.push_back(std::move(cue));
  }
  return all;
}

// A cue's lines, each on its own, with one word underlined; `escape` is applied to the words alone.
std::string underlined(const Cue& cue, std::optional<size_t> marked, const Escape& escape) {
  std::string text;
  size_t number = 0;
  for (const CueLine& line : cue.lines) {
    std::string shown;
    for (const CuePiece& piece : line) {
      const std::string escaped = escape(piece.text);
      if (number++ == marked) {
        const size_t first = std::min(escaped.find_first_not_of(' '), escaped.size());
        shown += escaped.substr(0, first) + "<u>" + escaped.substr(first) + "</u>";
      } else {
        shown += escaped;
      }
    }
    if (!text.empty()) text += '\n';
    text += without_arrows(std::string(trimmed(shown)));
  }
  return text;
}

// WebVTT reads tags and entities in its text (W3C WebVTT, section 4.2.2).
std::string escaped_vtt(std::string_view text) {
  std::string out;
  for (const char c : text) {
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

// The name within <v ...> ends at a '>'.
std::string vtt_voice(std::string_view speaker) {
  if (speaker.empty()) return "";
  std::string name = escaped_vtt(one_line(speaker));
  std::ranges::replace(name, '>', ' ');
  return without_arrows("<v " + name + ">");
}

std::vector<Highlight> stretches(const Cue& cue, const Layout& layout) {
  if (layout.highlight_words) return highlights(cue);
  return {{cue.start_s, cue.end_s, std::nullopt}};
}

// Braces begin overrides in ASS, and a backslash a command: the word joiner (U+2060) after it
// keeps it one, as FFmpeg does.
std::string escaped_ass(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '{' || c == '}') {
      out += '\\';
      out += c;
    } else if (c == '\\') {
      out += "\\\xE2\x81\xA0";
    } else {
      out += c;
    }
  }
  return out;
}

std::string ass_clock(double seconds) {
  const int64_t cs = hundredths(seconds);
  return fmt::format("{}:{:02}:{:02}.{:02}", cs / 360'000, cs / 6000 % 60, cs / 100 % 60, cs % 100);
}

// Lines with \k tags: the time of each word in hundredths, and of the pauses before them.
std::string ass_karaoke(const Cue& cue) {
  std::string text;
  int64_t at = hundredths(cue.start_s);
  for (const CueLine& line : cue.lines) {
    if (!text.empty()) text += "\\N";
    for (const CuePiece& piece : line) {
      const int64_t start = std::max(hundredths(piece.start_s), at);
      const int64_t end = std::max(hundredths(std::min(piece.end_s, cue.end_s)), start);
      if (start > at) text += fmt::format("{{\\k{}}}", start - at);
      text += fmt::format("{{\\k{}}}{}", end - start, escaped_ass(piece.text));
      at = end;
    }
  }
  return text;
}

std::string ass_text(const Cue& cue, const Layout& layout) {
  if (layout.highlight_words && cue.is_timed) return ass_karaoke(cue);
  std::string text;
  for (const CueLine& line : cue.lines) {
    if (!text.empty()) text += "\\N";
    text += escaped_ass(line_text(line));
  }
  return text;
}

constexpr std::string_view kAssHead =
    "[Script Info]\n"
    "ScriptType: v4.00+\n"
    "PlayResX: 1280\n"
    "PlayResY: 720\n"
    "WrapStyle: 0\n"
    "ScaledBorderAndShadow: yes\n"
    "\n"
    "[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
    "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, "
    "Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
    "Style: Default,Arial,48,{},&H00FFFFFF,&H00000000,&H80000000,"
    "0,0,0,0,100,100,0,0,1,2,1,2,40,40,40,1\n"
    "\n"
    "[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n";

// Speakers by name, in the order they appear.
std::vector<std::string> speakers_of(const Transcript& transcript) {
  std::vector<std::string> names;
  for (const Segment& s : transcript.segments) {
    if (!s.speaker.empty() && std::ranges::find(names, s.speaker) == names.end()) {
      names.push_back(s.speaker);
    }
  }
  return names;
}

std::string ttml_head(const std::vector<std::string>& speakers) {
  if (speakers.empty()) return "";
  std::string head = "  <head>\n    <metadata>\n";
  for (size_t i = 0; i < speakers.size(); ++i) {
    head += fmt::format(
        "      <ttm:agent type=\"person\" xml:id=\"speaker{}\">"
        "<ttm:name type=\"full\">{}</ttm:name></ttm:agent>\n",
        i + 1, escaped_xml(speakers[i]));
  }
  return head + "    </metadata>\n  </head>\n";
}

}  // namespace

std::string render_srt(const Transcript& transcript, const Layout& layout) {
  const Escape as_it_is = [](std::string_view text) { return std::string(text); };
  std::string out;
  int number = 0;
  for (const Cue& cue : cues_of(transcript, layout)) {
    for (const Highlight& part : stretches(cue, layout)) {
      const std::string text = underlined(cue, part.word, as_it_is);
      out += fmt::format("{}\n{} --> {}\n{}\n\n", ++number, clock_text(part.start_s, true, ','),
                         clock_text(part.end_s, true, ','),
                         without_arrows(with_speaker(cue.speaker, text)));
    }
  }
  return out;
}

std::string render_vtt(const Transcript& transcript, const Layout& layout) {
  std::string out = "WEBVTT\n\n";
  for (const Cue& cue : cues_of(transcript, layout)) {
    for (const Highlight& part : stretches(cue, layout)) {
      out += fmt::format("{} --> {}\n{}{}\n\n", clock_text(part.start_s, false, '.'),
                         clock_text(part.end_s, false, '.'), vtt_voice(cue.speaker),
                         underlined(cue, part.word, escaped_vtt));
    }
  }
  return out;
}

std::string render_ass(const Transcript& transcript, const Layout& layout) {
  // The primary colour is that of words that were said: yellow over white.
  std::string out = fmt::format(kAssHead, layout.highlight_words ? "&H0000FFFF" : "&H00FFFFFF");
  for (const Cue& cue : cues_of(transcript, layout)) {
    std::string name = one_line(cue.speaker);
    std::ranges::replace(name, ',', ' ');  // fields are separated by commas
    out += fmt::format("Dialogue: 0,{},{},Default,{},0,0,0,,{}\n", ass_clock(cue.start_s),
                       ass_clock(cue.end_s), name, ass_text(cue, layout));
  }
  return out;
}

std::string render_ttml(const Transcript& transcript, const Layout& layout) {
  const std::vector<std::string> speakers = speakers_of(transcript);
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<tt xmlns=\"http://www.w3.org/ns/ttml\" xmlns:ttm=\"http://www.w3.org/ns/ttml#metadata\" "
      "xml:lang=\"{}\">\n{}  <body>\n    <div>\n",
      escaped_xml(transcript.language), ttml_head(speakers));
  for (const Cue& cue : cues_of(transcript, layout)) {
    std::string agent;
    if (!cue.speaker.empty()) {
      const auto at = std::ranges::find(speakers, cue.speaker) - speakers.begin();
      agent = fmt::format(" ttm:agent=\"speaker{}\"", at + 1);
    }
    std::string text;
    for (const CueLine& line : cue.lines) {
      if (!text.empty()) text += "<br/>";
      text += escaped_xml(line_text(line));
    }
    out += fmt::format("      <p begin=\"{}\" end=\"{}\"{}>{}</p>\n",
                       clock_text(cue.start_s, true, '.'), clock_text(cue.end_s, true, '.'), agent,
                       text);
  }
  return out + "    </div>\n  </body>\n</tt>\n";
}

}  // namespace escuta::pipeline
