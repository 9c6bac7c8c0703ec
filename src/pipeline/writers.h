// Transcripts as text: txt, srt, vtt, json, tsv, lrc.
//
// Layouts are those of openai/whisper's utils.py for the formats it has; lrc lines are
// "[mm:ss.cc]text". Text is whole UTF-8; nothing in a text can break a format's structure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "pipeline/transcript.h"

namespace escuta::pipeline {

enum class Format { kTxt, kSrt, kVtt, kJson, kTsv, kLrc };

// "srt"; also the extension of output files.
std::string_view format_name(Format format);
// "txt,srt" -> formats, each once. InvalidArgument names what is not one.
Result<std::vector<Format>> parse_formats(std::string_view list);

std::string render(const Transcript& transcript, Format format);

// The object of docs/cli.md; render(kJson) is this on one line.
Json transcript_json(const Transcript& transcript);

}  // namespace escuta::pipeline
