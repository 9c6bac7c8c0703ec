// The options of `escuta transcribe` that say how text is broken up in the formats that show cues.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <span>

#include "base/status.h"
#include "pipeline/writers.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct LayoutOptions {
  std::optional<size_t> max_line_width, max_line_count, max_words_per_line;
  bool highlight_words = false;
};

void add_layout_options(CLI::App& command, LayoutOptions& options);

// InvalidArgument for an option that has no effect on any of the formats, or beside the others.
Result<pipeline::Layout> understand_layout(const LayoutOptions& options,
                                           std::span<const pipeline::Format> formats);

// Whether a layout shows parts of a segment at times of their own, which only words have.
bool needs_words(const pipeline::Layout& layout);

}  // namespace escuta::cli
