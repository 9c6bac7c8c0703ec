// What the writers of the output formats share: clocks, and text made fit for a format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pipeline/cues.h"
#include "pipeline/transcript.h"

namespace escuta::pipeline {

// Not below 0.
int64_t milliseconds(double seconds);
int64_t hundredths(double seconds);

// "00:01:02,345" (SubRip) or "00:01:02.345"; hours are left out when 0 and not always wanted.
std::string clock_text(double seconds, bool always_hours, char decimal_mark);

// An arrow inside a text would end a subtitle's header.
std::string without_arrows(std::string line);

// With the entities of XML; what XML 1.0 cannot hold becomes U+FFFD.
std::string escaped_xml(std::string_view text);

// "ANNA: text"; the text alone where there is no speaker.
std::string with_speaker(std::string_view speaker, std::string_view text);

// One writer for each format that shows cues (pipeline/subtitle_writers.cc).
std::string render_srt(const Transcript& transcript, const Layout& layout);
std::string render_vtt(const Transcript& transcript, const Layout& layout);
std::string render_ass(const Transcript& transcript, const Layout& layout);
std::string render_ttml(const Transcript& transcript, const Layout& layout);

}  // namespace escuta::pipeline
