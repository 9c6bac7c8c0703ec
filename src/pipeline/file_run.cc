#include "pipeline/file_run.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

#include "base/log.h"
#include "models/silero/speech_detector.h"
#include "models/whisper/alignment.h"
#include "pipeline/segments.h"
#include "pipeline/strings.h"
#include "pipeline/wording.h"

namespace escuta::pipeline {
namespace {

// A text found above this temperature is no prompt for the next window (openai/whisper,
// transcribe.py).
constexpr double kResetTemperature = 0.5;

// Less than this before a cut is not worth a window of its own: it is a pause.
constexpr double kLeastRestSeconds = 1.0;

// Whole frames that hold the spans of samples.
std::vector<silero::Speech> frames_of(std::span<const silero::Speech> spans, int64_t hop_length,
                                      int64_t frames) {
  std::vector<silero::Speech> parts;
  for (const silero::Speech& span : spans) {
    const int64_t begin = span.begin / hop_length;
    const int64_t end = std::min((span.end + hop_length - 1) / hop_length, frames);
    if (begin >= end) continue;
    if (!parts.empty() && begin <= parts.back().end) {
      parts.back().end = end;
    } else {
      parts.push_back({begin, end});
    }
  }
  return parts;
}

}  // namespace

Result<FileRun> FileRun::open(const Recognizer& recognizer, size_t number,
                              const AudioInput& input) {
  const Stopwatch opening;
  const TranscribeOptions& options = recognizer.options;
  const whisper::Config& config = recognizer.model.config();
  FeatureSource::Options reading = {
      .mel = config.mel, .window_frames = config.window_frames(), .cancelled = options.cancelled};
  std::optional<silero::SpeechDetector> detector;
  if (options.vad) {
    ASSIGN_OR_RETURN(detector,
                     silero::SpeechDetector::create(
                         options.vad, {.rate_hz = config.mel.rate_hz, .spans = options.speech}));
    reading.on_samples = [&](std::span<const float> samples) { return detector->push(samples); };
  }
  ASSIGN_OR_RETURN(FeatureSource features, FeatureSource::open(input.path, reading));
  std::optional<silero::SpeechMap> speech;
  if (detector) {
    ASSIGN_OR_RETURN(const std::vector<silero::Speech> spans, detector->finish());
    const std::vector<silero::Speech> parts =
        frames_of(spans, config.mel.hop_length, features.frames());
    ASSIGN_OR_RETURN(speech, silero::SpeechMap::create(parts));
    features.keep(parts);
  }
  FileRun run(recognizer, number, std::move(features));
  run.speech_ = std::move(speech);
  run.transcript_.file = input.path.string();
  run.transcript_.duration_s = run.features_.duration_s();
  const std::string& language = input.language.empty() ? options.language : input.language;
  if (language != "auto") {
    run.transcript_.language = language;
    run.transcript_.language_probability = 1;
  } else {
    run.languages_.emplace(options.detection);
  }
  if (!trimmed(options.prompt).empty()) {
    (options.carry_prompt ? run.prompt_ : run.previous_) =
        tokens_of(recognizer.vocabulary, options.prompt);
  }
  if (!trimmed(options.prefix).empty()) {
    run.prefix_ = tokens_of(recognizer.vocabulary, options.prefix);
  }
  run.opening_ms_ = opening.ms();
  run.start_clock();
  return run;
}

double FileRun::seconds(int64_t frames) const {
  return static_cast<double>(frames) * config().seconds_per_frame();
}

int64_t FileRun::frame_of(double seconds) const {
  return std::llround(seconds / config().seconds_per_frame());
}

double FileRun::begin_in_file(int64_t frame) const {
  return std::min(seconds(speech_ ? speech_->file_begin(frame) : frame), transcript_.duration_s);
}

double FileRun::end_in_file(int64_t frame) const {
  return std::min(seconds(speech_ ? speech_->file_end(frame) : frame), transcript_.duration_s);
}

Span FileRun::next(int64_t begin) const {
  if (begin >= features_.audible_frames()) return {begin, 0};
  return {begin, std::min(config().window_frames(), features_.frames() - begin)};
}

Result<Span> FileRun::next_cut(int64_t begin) {
  Span span = next(begin);
  const int64_t window = config().window_frames();
  if (span.count == 0 || begin + window >= features_.frames()) return span;
  ASSIGN_OR_RETURN(const int64_t cut,
                   features_.quietest(begin + window * 2 / 3, begin + window + 1));
  span.count = cut - begin;
  return span;
}

Result<whisper::Window> FileRun::encode(const Span& span, Tensor features) {
  const Stopwatch encoding;
  whisper::Window window;
  if (recognizer_->options.words) {
    ASSIGN_OR_RETURN(pauses_[span.begin],
                     find_pauses(features.view(), span.count, config().seconds_per_frame()));
  }
  ASSIGN_OR_RETURN(window.encoder_states, recognizer_->model.encode(std::move(features)));
  transcript_.timing.encode_ms += encoding.ms();
  if (languages_ && (transcript_.language.empty() || recognizer_->options.detection.per_window)) {
    RETURN_IF_ERROR(choose_language(span, window.encoder_states));
  }
  window.language = languages_ ? languages_->best().code : transcript_.language;
  window.prompt = prompt_;
  window.previous = previous_;
  window.prefix = std::exchange(prefix_, {});
  window.place = static_cast<uint64_t>(span.begin);
  if (is_cut()) {
    previous_.clear();
    window.speech_end_s = speech_end_s(span);
  }
  return window;
}

// Until when there is speech in a window for sure: what is kept beside it may be at its end.
double FileRun::speech_end_s(const Span& span) const {
  const TranscribeOptions& options = recognizer_->options;
  if (!options.vad) return 0;
  const double silence_s = static_cast<double>(options.speech.min_silence_ms) / 1000;
  const double pad_s = static_cast<double>(options.speech.pad_ms) / 1000;
  return seconds(span.count) - std::max(silence_s, pad_s + kLeastRestSeconds);
}

// By the window that is at hand, and by those after it as long as that is not enough.
Status FileRun::choose_language(const Span& span, const engine::Value& states) {
  RETURN_IF_ERROR(hear_language(states));
  for (Span ahead = next(span.begin + span.count); !languages_->decided() && ahead.count > 0;
       ahead = next(ahead.begin + ahead.count)) {
    ASSIGN_OR_RETURN(Tensor features, features_.ahead(ahead.begin, ahead.count));
    const Stopwatch encoding;
    ASSIGN_OR_RETURN(const engine::Value others, recognizer_->model.encode(std::move(features)));
    transcript_.timing.encode_ms += encoding.ms();
    RETURN_IF_ERROR(hear_language(others));
  }
  if (transcript_.language.empty()) {
    transcript_.language = languages_->best().code;
    transcript_.language_probability = languages_->best().probability;
  }
  return Status();
}

Status FileRun::hear_language(const engine::Value& states) {
  const Stopwatch decoding;
  ASSIGN_OR_RETURN(const std::vector<whisper::Language> found,
                   whisper::detect_languages(recognizer_->model, recognizer_->vocabulary, states));
  languages_->hear(found);
  transcript_.timing.decode_ms += decoding.ms();
  return Status();
}

Result<int64_t> FileRun::add(const Span& span, const whisper::WindowResult& result,
                             const engine::Value& states, double ms) {
  transcript_.timing.decode_ms += ms;
  transcript_.timing.tokens += static_cast<int64_t>(result.tokens.size());
  int64_t end = span.begin + span.count;
  if (!whisper::is_silence(result, recognizer_->decoding)) {
    WindowTime window = {.offset_s = seconds(span.begin),
                         .frames = span.count,
                         .seconds_per_frame = config().seconds_per_frame(),
                         .frames_per_timestamp = whisper::Config::kMelFramesPerPosition,
                         .timestamp_begin = recognizer_->vocabulary.timestamp_begin()};
    WindowSegments split = split_by_timestamps(result.tokens, window);
    if (is_cut() && says_all(span, result, split)) {
      window.keeps_rest = true;
      split = split_by_timestamps(result.tokens, window);
      split.advance_frames = span.count;
    }
    if (result.without_history) previous_.clear();
    std::erase_if(split.segments, [&](const TimedTokens& part) { return !is_heard(part); });
    // A window must move on, or a model that closes every segment at 0.00 would hold us for ever.
    if (split.advance_frames > 0) end = span.begin + split.advance_frames;
    if (recognizer_->options.words) {
      ASSIGN_OR_RETURN(end, add_words(span, split, states, end, result));
    } else {
      for (const TimedTokens& part : split.segments) {
        add_segment(part.tokens, {part.start_s, part.end_s, {}}, result);
      }
    }
    const bool doubtful = result.temperature > kResetTemperature;
    if (!recognizer_->options.condition_on_previous_text || doubtful) previous_.clear();
  }
  pauses_.erase(span.begin);
  report(end);
  return end;
}

bool FileRun::is_heard(const TimedTokens& part) const {
  return part.start_s != part.end_s && !trimmed(recognizer_->vocabulary.text(part.tokens)).empty();
}

Result<int64_t> FileRun::add_words(const Span& span, const WindowSegments& split,
                                   const engine::Value& states, int64_t end,
                                   const whisper::WindowResult& result) {
  const TranscribeOptions& options = recognizer_->options;
  // Windows that were cut are found in any order, and begin after a pause.
  if (is_cut()) last_speech_end_s_ = seconds(span.begin);
  ASSIGN_OR_RETURN(std::vector<WordSegment> timed,
                   find_words(span, split, states, result.language));
  std::vector<Pause> pauses = std::move(pauses_[span.begin]);
  for (Pause& pause : pauses) {
    pause.begin_s += seconds(span.begin);
    pause.end_s += seconds(span.begin);
  }
  keep_out_of_pauses(timed, pauses, options.punctuation);
  repair_words(timed, options.punctuation, last_speech_end_s_, pauses);
  const int64_t window_end = span.begin + span.count;
  const bool ends_early = end < window_end;
  if (ends_early) end = end_of_words(span, end, timed);
  if (options.invented_silence_s) {
    const DecodedWindow window = {.begin_s = seconds(span.begin),
                                  .end_s = seconds(window_end),
                                  .file_end_s = seconds(features_.frames()),
                                  .last_speech_end_s = last_speech_end_s_,
                                  .ends_early = ends_early};
    const Judgement judgement =
        judge(timed, window, options.punctuation, *options.invented_silence_s);
    if (judgement.next_s) {
      const int64_t least = span.begin + frame_of(kLeastRestSeconds);
      end = std::min(std::max(frame_of(*judgement.next_s), least), features_.frames());
    }
    timed.resize(judgement.kept);
  }
  for (size_t i = 0; i < timed.size(); ++i) {
    if (!timed[i].words.empty()) last_speech_end_s_ = timed[i].words.back().end_s;
    add_segment(split.segments[i].tokens, timed[i], result);
  }
  return end;
}

Result<std::vector<WordSegment>> FileRun::find_words(const Span& span, const WindowSegments& split,
                                                     const engine::Value& states,
                                                     const std::string& language) {
  std::vector<WordSegment> timed;
  for (const TimedTokens& part : split.segments) timed.push_back({part.start_s, part.end_s, {}});
  if (timed.empty()) return timed;
  const Stopwatch aligning;
  const whisper::Vocabulary& vocabulary = recognizer_->vocabulary;
  std::vector<int32_t> tokens;
  std::vector<std::vector<whisper::WordTokens>> words;  // of each segment
  for (const TimedTokens& part : split.segments) {
    std::vector<int32_t> text;
    std::ranges::copy_if(part.tokens, std::back_inserter(text),
                         [&](int32_t token) { return token < vocabulary.end_of_text(); });
    words.push_back(whisper::split_words(vocabulary.tokenizer(), text, language));
    tokens.insert(tokens.end(), text.begin(), text.end());
  }
  ASSIGN_OR_RETURN(const whisper::TokenTimes times,
                   whisper::align_tokens(recognizer_->model, vocabulary, states, language,
                                         recognizer_->decoding.task, tokens, span.count));
  size_t token = 0;
  for (size_t i = 0; i < timed.size(); ++i) {
    for (whisper::WordTokens& word : words[i]) {
      const std::span said = std::span(times.probabilities).subspan(token, word.tokens);
      const double sum = std::accumulate(said.begin(), said.end(), 0.0);
      const double start_s = times.begins_s[token];
      token += word.tokens;
      timed[i].words.push_back({seconds(span.begin) + start_s,
                                seconds(span.begin) + times.begins_s[token], std::move(word.text),
                                sum / static_cast<double>(word.tokens)});
    }
  }
  transcript_.timing.decode_ms += aligning.ms();
  return timed;
}

// Where a window ends before all of it is heard, the next one begins behind the last word rather
// than at a timestamp, which may cut into a word; but not where that would hardly move on.
int64_t FileRun::end_of_words(const Span& span, int64_t end,
                              std::span<const WordSegment> segments) const {
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->words.empty()) continue;
    const int64_t frame = frame_of(segment->words.back().end_s);
    const bool moves_on = seconds(frame - span.begin) >= kLeastRestSeconds;
    return moves_on ? std::min(frame, span.begin + span.count) : end;
  }
  return end;
}

// A window that was cut ends in a pause: what was said after the last pair of timestamps is whole.
bool FileRun::says_all(const Span& span, const whisper::WindowResult& result,
                       const WindowSegments& split) const {
  const bool ends_in_text =
      !result.tokens.empty() && result.tokens.back() < recognizer_->vocabulary.timestamp_begin();
  return (ends_in_text && result.ended) ||
         seconds(span.count - split.advance_frames) < kLeastRestSeconds;
}

void FileRun::report(int64_t position) const {
  if (!recognizer_->options.on_progress) return;
  recognizer_->options.on_progress(number_, end_in_file(position), transcript_.duration_s);
}

void FileRun::add_segment(std::span<const int32_t> tokens, WordSegment timed,
                          const whisper::WindowResult& result) {
  if (!is_cut()) remember(tokens);
  Segment segment;
  segment.id = static_cast<int>(transcript_.segments.size());
  place_in_file(std::move(timed), segment);
  segment.text = recognizer_->vocabulary.text(tokens);
  segment.tokens.assign(tokens.begin(), tokens.end());
  segment.temperature = result.temperature;
  segment.avg_logprob = result.avg_logprob;
  segment.compression_ratio = result.compression_ratio;
  segment.no_speech_prob = result.no_speech_prob;
  if (recognizer_->options.detection.per_window) segment.language = result.language;
  if (recognizer_->options.on_segment && !is_cut()) recognizer_->options.on_segment(segment);
  transcript_.segments.push_back(std::move(segment));
}

// A word is in one part of the speech, also where the alignment has it reach into the next.
void FileRun::place_in_file(WordSegment timed, Segment& segment) const {
  segment.start_s = begin_in_file(frame_of(timed.start_s));
  segment.end_s = end_in_file(frame_of(timed.end_s));
  segment.words = std::move(timed.words);
  for (Word& word : segment.words) {
    const int64_t start = frame_of(word.start_s), end = frame_of(word.end_s);
    const int64_t middle = (start + end) / 2;
    const auto in_file = [&](int64_t frame) {
      const int64_t at = speech_ ? speech_->file_beside(middle, frame) : frame;
      return std::min(seconds(at), transcript_.duration_s);
    };
    word.start_s = in_file(start);
    word.end_s = in_file(end);
  }
  if (!speech_ || segment.words.empty()) return;
  segment.start_s = segment.words.front().start_s;
  segment.end_s = segment.words.back().end_s;
}

// Keeps what a prompt can hold, not the whole file.
void FileRun::remember(std::span<const int32_t> tokens) {
  previous_.insert(previous_.end(), tokens.begin(), tokens.end());
  const auto kept = static_cast<size_t>(config().max_target_positions);
  if (previous_.size() > kept) {
    previous_.erase(previous_.begin(), previous_.end() - static_cast<int64_t>(kept));
  }
}

// Windows that were cut are found in any order.
void FileRun::sort_segments() {
  std::vector<Segment>& segments = transcript_.segments;
  std::stable_sort(segments.begin(), segments.end(),
                   [](const Segment& a, const Segment& b) { return a.start_s < b.start_s; });
  for (size_t i = 0; i < segments.size(); ++i) {
    segments[i].id = static_cast<int>(i);
    if (recognizer_->options.on_segment) recognizer_->options.on_segment(segments[i]);
  }
}

Transcript FileRun::finish() {
  if (is_cut()) sort_segments();
  if (features_.damaged_packets() > 0) {
    log_warning("{}: {} damaged packets were left out", transcript_.file,
                features_.damaged_packets());
  }
  transcript_.timing.decode_audio_ms = features_.decode_ms();
  transcript_.timing.features_ms = features_.features_ms();
  transcript_.timing.total_ms = opening_ms_ + since_open_.ms();
  if (recognizer_->options.on_progress) {  // also where the end was not heard
    recognizer_->options.on_progress(number_, transcript_.duration_s, transcript_.duration_s);
  }
  return std::move(transcript_);
}

}  // namespace escuta::pipeline
