#include "cli/layout_options.h"

#include <algorithm>

namespace escuta::cli {

void add_layout_options(CLI::App& command, LayoutOptions& o) {
  const std::string group = "Subtitles";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group)->check(CLI::Range(1, 1000));
  };
  add("--max-line-width", o.max_line_width,
      "Columns of a line in srt, vtt, ass and ttml; wide characters take 2 (no limit)");
  add("--max-line-count", o.max_line_count, "Lines shown at once; needs word times (no limit)");
  add("--max-words-per-line", o.max_words_per_line, "Needs word times (no limit)");
  command
      .add_flag("--highlight-words", o.highlight_words,
                "Mark each word while it is said, in srt, vtt, ass and lrc; needs word times")
      ->group(group);
}

Result<pipeline::Layout> understand_layout(const LayoutOptions& typed,
                                           std::span<const pipeline::Format> formats) {
  const bool limits = typed.max_line_width || typed.max_line_count || typed.max_words_per_line;
  if (limits && std::ranges::none_of(formats, pipeline::shows_cues)) {
    return invalid_argument(
        "--max-line-width, --max-line-count, --max-words-per-line: expected srt, vtt, ass or ttml "
        "among the formats (-f); the others have one line per segment");
  }
  if (typed.highlight_words && std::ranges::none_of(formats, pipeline::marks_words)) {
    return invalid_argument(
        "--highlight-words: expected srt, vtt, ass or lrc among the formats (-f); the others "
        "cannot mark words");
  }
  if (typed.max_line_count && !typed.max_line_width && !typed.max_words_per_line) {
    return invalid_argument(
        "--max-line-count: expected --max-line-width or --max-words-per-line beside it; without, "
        "a text is one line");
  }
  return pipeline::Layout{.max_line_width = typed.max_line_width.value_or(0),
                          .max_line_count = typed.max_line_count.value_or(0),
                          .max_words_per_line = typed.max_words_per_line.value_or(0),
                          .highlight_words = typed.highlight_words};
}

bool needs_words(const pipeline::Layout& layout) {
  return layout.max_line_count > 0 || layout.max_words_per_line > 0 || layout.highlight_words;
}

}  // namespace escuta::cli
