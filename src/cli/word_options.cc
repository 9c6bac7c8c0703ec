#include "cli/word_options.h"

#include "base/log.h"

namespace escuta::cli {

void add_word_options(CLI::App& command, WordOptions& o) {
  const std::string group = "Word times";
  command
      .add_flag("--word-timestamps", o.words,
                "Find out when each word is said (`words` in json); segments begin and end with"
                " their words")
      ->group(group);
  command
      .add_option("--prepend-punctuations", o.prepended,
                  "Characters that are part of the word after them (\"'\u201c\u00bf([{-)")
      ->group(group)
      ->type_name("CHARACTERS");
  command
      .add_option("--append-punctuations", o.appended,
                  "Characters that are part of the word before them"
                  " (\"'.\u3002,\uff0c!\uff01?\uff1f:\uff1a\u201d)]}\u3001)")
      ->group(group)
      ->type_name("CHARACTERS");
  command
      .add_option("--hallucination-silence-threshold", o.invented_silence_s,
                  "Leave out text that seems invented for silence of more than so many seconds")
      ->group(group)
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
}

Status understand_words(const WordOptions& typed, pipeline::TranscribeOptions& transcribe) {
  if (!typed.words && (typed.prepended || typed.appended || typed.invented_silence_s)) {
    return invalid_argument(
        "--prepend-punctuations, --append-punctuations, --hallucination-silence-threshold: expected"
        " --word-timestamps beside them; they would have no effect");
  }
  transcribe.words = typed.words;
  if (typed.prepended) transcribe.punctuation.prepended = *typed.prepended;
  if (typed.appended) transcribe.punctuation.appended = *typed.appended;
  transcribe.invented_silence_s = typed.invented_silence_s;
  if (typed.words && transcribe.decoding.task == whisper::Task::kTranslate) {
    log_warning(
        "--word-timestamps with --task translate: a word of the translation has no certain place"
        " in what is spoken");
  }
  return Status();
}

}  // namespace escuta::cli
