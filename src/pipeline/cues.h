// Segments as cues: what a subtitle format shows at once, in lines. Pure functions; any thread.
//
// No time is invented: a segment is shown in several cues only between words whose times are known.
// Without them its lines stay in one cue, which keeps the segment's times.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/transcript.h"

namespace escuta::pipeline {

// How text is broken up. 0: no limit.
struct Layout {
  size_t max_line_width = 0;  // in columns, see display_width(); a longer word has its own line
  size_t max_line_count = 0;  // of a cue; 0 and max_words_per_line: 1
  size_t max_words_per_line = 0;
  bool highlight_words = false;  // each word marked while it is said

  bool breaks_lines() const { return max_line_width > 0 || max_words_per_line > 0; }
};

// Text on one line, with the space before it; times only where the cue is_timed.
struct CuePiece {
  std::string text;
  double start_s = 0, end_s = 0;
};

using CueLine = std::vector<CuePiece>;

struct Cue {
  double start_s = 0, end_s = 0;
  std::string speaker;
  bool is_timed = false;
  std::vector<CueLine> lines;  // never empty, nor is one of them
};

std::vector<Cue> lay_out(const Segment& segment, const Layout& layout);

// A stretch of a cue during which one word is marked, or none.
struct Highlight {
  double start_s = 0, end_s = 0;
  std::optional<size_t> word;  // counted over the lines
};

// The whole of a cue, in order and without overlap; what is shorter than a millisecond is left out.
// A cue whose words have no times is one stretch.
std::vector<Highlight> highlights(const Cue& cue);

// Without white space at the ends; white space of other kinds within is a space.
std::string one_line(std::string_view text);
// A line's pieces joined.
std::string line_text(const CueLine& line);

}  // namespace escuta::pipeline
