// Transcripts as text, a function for each format; docs/outputs.md describes them.
//
// txt, srt, vtt, json and tsv look as openai/whisper's utils.py writes them. Text is whole UTF-8;
// nothing in a text can break a format's structure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "pipeline/cues.h"
#include "pipeline/transcript.h"

namespace escuta::pipeline {

enum class Format { kTxt, kSrt, kVtt, kJson, kTsv, kLrc, kAss, kTtml, kAudacity };

// "srt", as it is asked for; and the extension of its files, which may have a dot within.
std::string_view format_name(Format format);
std::string_view format_extension(Format format);
// Whether a Layout's limits on lines matter to a format; and whether it can mark words.
bool shows_cues(Format format);
bool marks_words(Format format);
// "txt,srt" -> formats, each once. InvalidArgument names what is not one.
Result<std::vector<Format>> parse_formats(std::string_view list);

std::string render(const Transcript& transcript, Format format, const Layout& layout = {});

// The object of docs/transcribe.md; render(kJson) is this on one line.
Json transcript_json(const Transcript& transcript);

}  // namespace escuta::pipeline
