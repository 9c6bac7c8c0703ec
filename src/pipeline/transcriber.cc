#include "pipeline/transcriber.h"

#include <future>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "pipeline/batch_run.h"
#include "pipeline/file_run.h"
#include "pipeline/open_ahead.h"
#include "pipeline/wording.h"

namespace escuta::pipeline {
namespace {

// The folder's name as people know it: "/models/tiny.en/" -> "tiny.en".
std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path plain = (folder / "").lexically_normal().parent_path();
  return plain.filename().empty() ? plain.string() : plain.filename().string();
}

// One file, window after window.
Result<Transcript> run_file(const Recognizer& recognizer, Result<FileRun> opened) {
  ASSIGN_OR_RETURN(FileRun run, std::move(opened));
  for (Span span = run.next(0); span.count > 0;) {
    ASSIGN_OR_RETURN(Tensor features, run.features(span));
    ASSIGN_OR_RETURN(const whisper::Window window, run.encode(span, std::move(features)));
    const Stopwatch decoding;
    ASSIGN_OR_RETURN(const std::vector<whisper::WindowResult> results,
                     whisper::decode_windows(recognizer.model, recognizer.vocabulary, {&window, 1},
                                             recognizer.decoding));
    ASSIGN_OR_RETURN(const int64_t end,
                     run.add(span, results.front(), window.encoder_states, decoding.ms()));
    span = run.next(end);
  }
  return run.finish();
}

}  // namespace

Result<Transcriber> Transcriber::create(const engine::Registry& registry,
                                        const std::filesystem::path& model_folder,
                                        const whisper::LoadOptions& options) {
  const Stopwatch loading;
  // Beside the graphs; one after the other where the system has no thread to give.
  auto reading = std::async(std::launch::async | std::launch::deferred,
                            [&] { return text::Tokenizer::load(model_folder / "tokenizer.json"); });
  ASSIGN_OR_RETURN(std::shared_ptr<const whisper::Model> model,
                   whisper::Model::load(registry, model_folder, options));
  ASSIGN_OR_RETURN(auto tokenizer, reading.get());
  Result<whisper::Vocabulary> vocabulary =
      whisper::Vocabulary::create(std::move(tokenizer), model->config());
  if (!vocabulary.ok()) return vocabulary.status().with_context(model_folder.string());
  return Transcriber(std::move(model), std::move(*vocabulary), folder_name(model_folder),
                     options.session.compile.threads, loading.ms());
}

Status Transcriber::check(const TranscribeOptions& options) const {
  return understood(options).status();
}

Result<whisper::DecodeOptions> Transcriber::understood(const TranscribeOptions& options) const {
  if (options.words && !model_->aligns()) {
    return invalid_argument("words: expected a model that was loaded to align");
  }
  std::string language = options.language;
  if (language == "auto") {
    language = vocabulary_.is_multilingual() ? vocabulary_.languages().front().first : "en";
  }
  RETURN_IF_ERROR(
      vocabulary_.start_sequence(language, options.decoding.task, options.decoding.timestamps)
          .status());
  RETURN_IF_ERROR(check_detection(options));
  ASSIGN_OR_RETURN(whisper::DecodeOptions decoding,
                   decoding_with_words(options, vocabulary_, model_->config()));
  decoding.cancelled = options.cancelled;
  decoding.threads = threads_;
  return decoding;
}

Status Transcriber::check_detection(const TranscribeOptions& options) const {
  for (const std::string& code : options.detection.allowed) {
    if (vocabulary_.is_multilingual() && vocabulary_.language_token(code)) continue;
    return invalid_argument("languages: expected codes that this model knows, found `{}`{}", code,
                            vocabulary_.is_multilingual() ? "" : "; it knows English only");
  }
  if (options.detection.per_window && !vocabulary_.is_multilingual()) {
    return invalid_argument(
        "a language per window: expected a multilingual model, found one that"
        " knows English only");
  }
  return Status();
}

Result<Transcript> Transcriber::transcribe(const std::filesystem::path& path,
                                           const TranscribeOptions& options) const {
  Result<Transcript> result = cancelled("not begun");
  bool taken = false;
  const auto next = [&]() -> std::optional<AudioInput> {
    if (std::exchange(taken, true)) return std::nullopt;
    return AudioInput{path};
  };
  transcribe_all(next, options, [&](size_t, Result<Transcript> found) {
    result = std::move(found);
    return true;
  });
  return result;
}

void Transcriber::transcribe_all(
    const NextInput& next, const TranscribeOptions& options,
    const std::function<bool(size_t, Result<Transcript>)>& done) const {
  const auto hand_over = [&](size_t i, Result<Transcript> found) {
    if (found.ok()) {
      found->model = name_;
      found->providers = model_->placements();
      found->timing.load_ms = load_ms_;
    }
    return done(i, std::move(found));
  };
  Result<whisper::DecodeOptions> decoding = understood(options);
  if (!decoding.ok()) {
    for (size_t i = 0; next(); ++i) {
      if (!hand_over(i, decoding.status())) return;
    }
    return;
  }
  const Recognizer recognizer = {*model_, vocabulary_, options, std::move(*decoding)};
  OpenAhead files(recognizer, next);
  if (options.batch_size > 1) return BatchRun(recognizer, files, hand_over).run();
  while (auto file = files.next()) {
    if (!hand_over(file->number, run_file(recognizer, std::move(file->run)))) return;
  }
}

}  // namespace escuta::pipeline
