#include "pipeline/cues.h"

#include <algorithm>

#include "pipeline/strings.h"
#include "pipeline/text_width.h"

namespace escuta::pipeline {
namespace {

constexpr double kLeastSeconds = 0.001;  // of a stretch: what the formats' clocks can tell

std::string spaces_only(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
    line += space ? ' ' : c;
  }
  return line;
}

// What a line may end between.
CueLine pieces_of(const Segment& segment, const Layout& layout) {
  CueLine pieces;
  for (const Word& word : segment.words) {
    if (trimmed(word.text).empty()) continue;
    pieces.push_back({spaces_only(word.text), word.start_s, word.end_s});
  }
  if (!pieces.empty()) return pieces;
  const std::string text = one_line(segment.text);
  if (layout.max_line_width == 0) return {{text}};
  for (const std::string_view piece : line_pieces(text)) pieces.push_back({std::string(piece)});
  return pieces.empty() ? CueLine{{text}} : pieces;
}

std::vector<CueLine> lines_of(CueLine pieces, const Layout& layout, bool are_words) {
  std::vector<CueLine> lines;
  size_t width = 0;
  for (CuePiece& piece : pieces) {
    const std::string_view alone = trimmed(piece.text);
    const size_t grown = width + display_width(piece.text);
    const bool too_wide = layout.max_line_width > 0 && grown > layout.max_line_width;
    const bool too_many = are_words && layout.max_words_per_line > 0 && !lines.empty() &&
                          lines.back().size() == layout.max_words_per_line;
    if (lines.empty() || too_wide || too_many) {
      piece.text = std::string(alone);
      lines.emplace_back();
      width = display_width(piece.text);
    } else {
      width = grown;
    }
    lines.back().push_back(std::move(piece));
  }
  return lines;
}

}  // namespace

std::string one_line(std::string_view text) { return spaces_only(trimmed(text)); }

std::string line_text(const CueLine& line) {
  std::string text;
  for (const CuePiece& piece : line) text += piece.text;
  return std::string(trimmed(text));
}

std::vector<Cue> lay_out(const Segment& segment, const Layout& layout) {
  const bool is_timed = std::ranges::any_of(
      segment.words, [](const Word& word) { return !trimmed(word.text).empty(); });
  std::vector<CueLine> lines = lines_of(pieces_of(segment, layout), layout, is_timed);
  size_t per_cue = layout.max_line_count;
  if (per_cue == 0 && layout.max_words_per_line > 0) per_cue = 1;
  if (per_cue == 0 || !is_timed) per_cue = lines.size();

  std::vector<Cue> cues;
  for (size_t first = 0; first < lines.size(); first += per_cue) {
    const size_t end = std::min(first + per_cue, lines.size());
    Cue cue = {segment.start_s, segment.end_s, segment.speaker, is_timed, {}};
    if (first > 0) cue.start_s = std::max(lines[first].front().start_s, cues.back().start_s);
    if (end < lines.size()) cue.end_s = std::max(lines[end - 1].back().end_s, cue.start_s);
    cue.end_s = std::max(cue.end_s, cue.start_s);
    for (size_t i = first; i < end; ++i) cue.lines.push_back(std::move(lines[i]));
    // Words' times may overlap by a rounding; cues must not.
    if (!cues.empty()) cues.back().end_s = std::min(cues.back().end_s, cue.start_s);
    cues.push_back(std::move(cue));
  }
  return cues;
}

std::vector<Highlight> highlights(const Cue& cue) {
  if (!cue.is_timed) return {{cue.start_s, cue.end_s, std::nullopt}};
  std::vector<Highlight> parts;
  double at = cue.start_s;
  const auto up_to = [&](double end, std::optional<size_t> word) {
    end = std::min(end, cue.end_s);
    if (end - at < kLeastSeconds) return;
    parts.push_back({at, end, word});
    at = end;
  };
  size_t number = 0;
  for (const CueLine& line : cue.lines) {
    for (const CuePiece& piece : line) {
      up_to(piece.start_s, std::nullopt);
      up_to(piece.end_s, number++);
    }
  }
  up_to(cue.end_s, std::nullopt);
  if (parts.empty()) parts.push_back({cue.start_s, cue.end_s, std::nullopt});
  return parts;
}

}  // namespace escuta::pipeline
