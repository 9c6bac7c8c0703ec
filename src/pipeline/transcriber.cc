#include "pipeline/transcriber.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/segments.h"
#include "pipeline/strings.h"

namespace escuta::pipeline {
namespace {

// The folder's name as people know it: "/models/tiny.en/" -> "tiny.en".
std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path plain = (folder / "").lexically_normal().parent_path();
  return plain.filename().empty() ? plain.string() : plain.filename().string();
}

// A text found above this temperature is no prompt for the next window (openai/whisper,
// transcribe.py).
constexpr double kResetTemperature = 0.5;

// One file on its way through the windows.
class Run {
 public:
  Run(const whisper::Model& model, const whisper::Vocabulary& vocabulary,
      const TranscribeOptions& options, FeatureSource& features, Transcript& transcript)
      : model_(model),
        config_(model.config()),
        vocabulary_(vocabulary),
        options_(options),
        features_(features),
        transcript_(transcript),
        decoding_(options.decoding) {
    decoding_.cancelled = options.cancelled;
  }

  Status all_windows() {
    if (!options_.prompt.empty()) {
      previous_ = vocabulary_.tokenizer().encode(" " + std::string(trimmed(options_.prompt)));
    }
    int64_t seek = 0;
    while (seek < features_.audible_frames()) {
      ASSIGN_OR_RETURN(seek, window(seek));
      if (options_.on_progress) {
        options_.on_progress(std::min(seconds(seek), transcript_.duration_s),
                             transcript_.duration_s);
      }
    }
    return Status();
  }

 private:
  double seconds(int64_t frames) const {
    return static_cast<double>(frames) * config_.seconds_per_frame();
  }

  // Decodes the window at `seek`; returns where the next one begins.
  Result<int64_t> window(int64_t seek) {
    const int64_t frames = std::min(config_.window_frames(), features_.frames() - seek);
    ASSIGN_OR_RETURN(Tensor mel, features_.window(seek, frames));
    const Stopwatch encoding;
    ASSIGN_OR_RETURN(const engine::Value states, model_.encode(std::move(mel)));
    transcript_.timing.encode_ms += encoding.ms();

    const Stopwatch decoding;
    if (transcript_.language.empty()) RETURN_IF_ERROR(choose_language(states));
    const whisper::Window window = {states, transcript_.language, previous_,
                                    static_cast<uint64_t>(seek)};
    ASSIGN_OR_RETURN(const std::vector<whisper::WindowResult> results,
                     whisper::decode_windows(model_, vocabulary_, {&window, 1}, decoding_));
    const whisper::WindowResult& result = results.front();
    transcript_.timing.decode_ms += decoding.ms();
    transcript_.timing.tokens += static_cast<int64_t>(result.tokens.size());

    if (whisper::is_silence(result, decoding_)) return seek + frames;
    const WindowSegments split = split_by_timestamps(
        result.tokens, {.offset_s = seconds(seek),
                        .frames = frames,
                        .seconds_per_frame = config_.seconds_per_frame(),
                        .frames_per_timestamp = whisper::Config::kMelFramesPerPosition,
                        .timestamp_begin = vocabulary_.timestamp_begin()});
    for (const TimedTokens& part : split.segments) add_segment(part, result);
    const bool doubtful = result.temperature > kResetTemperature;
    if (!options_.condition_on_previous_text || doubtful) previous_.clear();
    // A window must move on, or a model that closes every segment at 0.00 would hold us for ever.
    return seek + (split.advance_frames > 0 ? split.advance_frames : frames);
  }

  Status choose_language(const engine::Value& states) {
    ASSIGN_OR_RETURN(const whisper::Language found,
                     whisper::detect_language(model_, vocabulary_, states));
    transcript_.language = found.code;
    transcript_.language_probability = found.probability;
    return Status();
  }

  void add_segment(const TimedTokens& part, const whisper::WindowResult& result) {
    const std::string text = vocabulary_.text(part.tokens);
    if (part.start_s == part.end_s || trimmed(text).empty()) return;
    remember(part.tokens);
    Segment segment;
    segment.id = static_cast<int>(transcript_.segments.size());
    segment.start_s = std::min(part.start_s, transcript_.duration_s);
    segment.end_s = std::min(part.end_s, transcript_.duration_s);
    segment.text = text;
    segment.tokens = part.tokens;
    segment.temperature = result.temperature;
    segment.avg_logprob = result.avg_logprob;
    segment.compression_ratio = result.compression_ratio;
    segment.no_speech_prob = result.no_speech_prob;
    if (options_.on_segment) options_.on_segment(segment);
    transcript_.segments.push_back(std::move(segment));
  }

  // Keeps what a prompt can hold, not the whole file.
  void remember(const std::vector<int32_t>& tokens) {
    previous_.insert(previous_.end(), tokens.begin(), tokens.end());
    const auto kept = static_cast<size_t>(config_.max_target_positions);
    if (previous_.size() > kept) {
      previous_.erase(previous_.begin(), previous_.end() - static_cast<int64_t>(kept));
    }
  }

  const whisper::Model& model_;
  const whisper::Config& config_;
  const whisper::Vocabulary& vocabulary_;
  const TranscribeOptions& options_;
  FeatureSource& features_;
  Transcript& transcript_;
  whisper::DecodeOptions decoding_;
  std::vector<int32_t> previous_;  // what was said so far, for the next window's prompt
};

}  // namespace

Result<Transcriber> Transcriber::create(const engine::Registry& registry,
                                        const std::filesystem::path& model_folder,
                                        const whisper::LoadOptions& options) {
  const Stopwatch loading;
  ASSIGN_OR_RETURN(std::shared_ptr<const whisper::Model> model,
                   whisper::Model::load(registry, model_folder, options));
  ASSIGN_OR_RETURN(auto tokenizer, text::Tokenizer::load(model_folder / "tokenizer.json"));
  Result<whisper::Vocabulary> vocabulary =
      whisper::Vocabulary::create(std::move(tokenizer), model->config());
  if (!vocabulary.ok()) return vocabulary.status().with_context(model_folder.string());
  return Transcriber(std::move(model), std::move(*vocabulary), folder_name(model_folder),
                     loading.ms());
}

Status Transcriber::check(const TranscribeOptions& options) const {
  std::string language = options.language;
  if (language == "auto") {
    language = vocabulary_.is_multilingual() ? vocabulary_.languages().front().first : "en";
  }
  return vocabulary_.start_sequence(language, options.decoding.task, options.decoding.timestamps)
      .status();
}

Result<Transcript> Transcriber::transcribe(const std::filesystem::path& path,
                                           const TranscribeOptions& options) const {
  RETURN_IF_ERROR(check(options));
  const Stopwatch total;
  ASSIGN_OR_RETURN(FeatureSource features,
                   FeatureSource::open(path, {.mel = model_->config().mel,
                                              .window_frames = model_->config().window_frames(),
                                              .cancelled = options.cancelled}));
  Transcript transcript;
  transcript.file = path.string();
  transcript.duration_s = features.duration_s();
  transcript.model = name_;
  transcript.providers = model_->placements();
  if (options.language != "auto") {
    transcript.language = options.language;
    transcript.language_probability = 1;
  }
  Run run(*model_, vocabulary_, options, features, transcript);
  RETURN_IF_ERROR(run.all_windows());
  if (features.damaged_packets() > 0) {
    log_warning("{}: {} damaged packets were left out", path.string(), features.damaged_packets());
  }
  transcript.timing.load_ms = load_ms_;
  transcript.timing.decode_audio_ms = features.decode_ms();
  transcript.timing.features_ms = features.features_ms();
  transcript.timing.total_ms = total.ms();
  return transcript;
}

}  // namespace escuta::pipeline
