#include "cli/speech_options.h"

namespace escuta::cli {
namespace {

constexpr int64_t kMostMs = 600'000;

}  // namespace

void add_speech_options(CLI::App& command, SpeechOptions& o) {
  const std::string group = "Voice activity";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group);
  };
  command
      .add_flag("--vad,!--no-vad", o.vad,
                "Leave out what is not speech (the default); --no-vad hears everything")
      ->group(group);
  add("--vad-threshold", o.threshold, "Speech is what is at least so probable to be (0.5)")
      ->check(CLI::Range(0.0, 1.0));
  add("--vad-min-speech-ms", o.min_speech_ms, "Shorter speech is left out, too (0)")
      ->check(CLI::Range(int64_t{0}, kMostMs));
  add("--vad-min-silence-ms", o.min_silence_ms, "Shorter silence is heard as well (2000)")
      ->check(CLI::Range(int64_t{0}, kMostMs));
  add("--vad-pad-ms", o.pad_ms, "So much before and after speech is heard as well (400)")
      ->check(CLI::Range(int64_t{0}, kMostMs));
  add("--vad-model", o.model, "Another Silero VAD graph than the one inside the program")
      ->type_name("FILE.onnx");
}

Result<silero::SpanOptions> understand_speech(const SpeechOptions& typed) {
  silero::SpanOptions spans;
  const bool any = typed.threshold || typed.min_speech_ms || typed.min_silence_ms || typed.pad_ms ||
                   !typed.model.empty();
  if (any && !typed.vad) {
    return invalid_argument(
        "--no-vad: expected no other --vad option beside it; they would have"
        " no effect");
  }
  spans.threshold = typed.threshold.value_or(spans.threshold);
  spans.min_speech_ms = typed.min_speech_ms.value_or(spans.min_speech_ms);
  spans.min_silence_ms = typed.min_silence_ms.value_or(spans.min_silence_ms);
  spans.pad_ms = typed.pad_ms.value_or(spans.pad_ms);
  return spans;
}

}  // namespace escuta::cli
