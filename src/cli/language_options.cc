#include "cli/language_options.h"

#include "cli/lists.h"

namespace escuta::cli {

void add_language_options(CLI::App& command, LanguageOptions& o) {
  const std::string group = "Language";
  command.add_option("-l,--language", o.language, "Code such as en or de; auto: detected")
      ->group(group)
      ->capture_default_str();
  command.add_option("--languages", o.allowed, "Only these are detected, such as de,fr,it")
      ->group(group)
      ->type_name("LIST");
  command
      .add_option("--language-threshold", o.threshold,
                  "A language less probable than this asks for another window (0.5)")
      ->group(group)
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--language-windows", o.windows, "So many are heard at most (1)")
      ->group(group)
      ->check(CLI::Range(1, 100));
  command
      .add_flag("--language-per-window", o.per_window,
                "Each window has its own; another must reach the threshold to take over")
      ->group(group);
}

Status understand_language(const LanguageOptions& typed, pipeline::TranscribeOptions& transcribe) {
  pipeline::LanguageOptions& detection = transcribe.detection;
  const bool any = typed.allowed || typed.threshold || typed.windows || typed.per_window;
  if (any && typed.language != "auto") {
    return invalid_argument(
        "--language: expected auto beside options that say how it is detected, found `{}`",
        typed.language);
  }
  if (typed.windows && typed.per_window) {
    return invalid_argument(
        "--language-windows: expected no --language-per-window beside it; every window is heard");
  }
  const bool gated = typed.windows.value_or(1) > 1 || typed.per_window;
  if (typed.threshold && !gated) {
    return invalid_argument(
        "--language-threshold: expected --language-windows over 1 or --language-per-window beside"
        " it; without, it has no effect");
  }
  transcribe.language = typed.language;
  if (typed.allowed) {
    ASSIGN_OR_RETURN(detection.allowed, parse_list("--languages", *typed.allowed, "de,fr"));
  }
  detection.threshold = typed.threshold.value_or(detection.threshold);
  detection.windows = typed.windows.value_or(detection.windows);
  detection.per_window = typed.per_window;
  return Status();
}

}  // namespace escuta::cli
