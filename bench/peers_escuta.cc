// escuta's side of bench/peers: what one window costs, measured inside the process, as JSON.
//
//   peers_escuta MODEL AUDIO THREADS ROWS [REPEAT [CONTEXT STEPS [int8]]]
//
// ROWS, with commas: log_mel, encoder, decoder:B. Loading and the first token are always measured,
// first of all; int8: products by weights in 8 bits (--precision int8). bench/peers/README.md says
// what each number is, for escuta and for its peers.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/source.h"
#include "base/clock.h"
#include "base/json.h"
#include "engine/session.h"
#include "generate/log_prob.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"
#include "registry/registry.h"

namespace escuta {
namespace {

struct Request {
  std::filesystem::path model, audio;
  int threads = 1;
  std::vector<std::string> rows;
  int repeat = 1;
  int64_t context = 120, steps = 32;  // tokens before the first step that is timed, steps
  engine::Precision precision = engine::Precision::kModel;
};

Result<std::vector<float>> read_samples(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(auto source, audio::AudioSource::open(path, {}));
  std::vector<float> samples, block(1 << 16);
  while (true) {
    ASSIGN_OR_RETURN(const size_t count, source->read(block));
    if (count == 0) return samples;
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<int64_t>(count));
  }
}

// Numbers of repetitions, in milliseconds.
template <class Function>
Result<Json> timed(int repeat, Function function) {
  Json all = Json::array();
  for (int i = 0; i < repeat; ++i) {
    const Stopwatch clock;
    RETURN_IF_ERROR(function());
    all.push_back(clock.ms());
  }
  return all;
}

// The most probable token below `end`: what makes the search go on for ever.
Result<int32_t> best_text(const engine::Value& logits, int32_t end) {
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  const std::span<const float> all = view.as<float>();
  const auto vocabulary = static_cast<size_t>(logits.shape()[2]);
  return generate::arg_max(all.last(vocabulary).first(static_cast<size_t>(end)));
}

constexpr int64_t kMostBeams = 8;

class Bench {
 public:
  explicit Bench(Request request) : request_(std::move(request)) {}

  Result<Json> run() {
    RETURN_IF_ERROR(prepare());
    RETURN_IF_ERROR(first_token());
    Json rows = Json::object(), refused = Json::object();
    for (const std::string& name : request_.rows) {
      const Result<Json> row = measure(name);
      if (row.ok()) {
        rows[name] = *row;
      } else {
        refused[name] = row.status().message();
      }
    }
    return Json{{"load_ms", load_ms_},
                {"first_token_ms", first_token_ms_},
                {"rows", rows},
                {"refused", refused}};
  }

 private:
  // What is ready before the clock of loading starts: the features of a window.
  Status prepare() {
    ASSIGN_OR_RETURN(config_, whisper::read_config(request_.model));
    ASSIGN_OR_RETURN(samples_, read_samples(request_.audio));
    samples_.resize(static_cast<size_t>(config_.window_frames() * config_.mel.hop_length));
    ASSIGN_OR_RETURN(features_, features());
    return Status();
  }

  // [1, n_mels, T] f32.
  Result<engine::Value> features() const {
    ASSIGN_OR_RETURN(Tensor mel, audio::log_mel_spectrogram(samples_, config_.mel, 0));
    ASSIGN_OR_RETURN(Tensor window, Tensor::create(DType::kFloat, {1, config_.mel.n_mels,
                                                                   config_.window_frames()}));
    std::ranges::copy(mel.as<float>(), window.as<float>().begin());
    return engine::Value::of(std::move(window));
  }

  Status first_token() {
    const Stopwatch clock;
    RETURN_IF_ERROR(add_all_providers(registry_, {}));
    RETURN_IF_ERROR(load_model());
    ASSIGN_OR_RETURN(const auto tokenizer,
                     text::Tokenizer::load(request_.model / "tokenizer.json"));
    ASSIGN_OR_RETURN(vocabulary_, whisper::Vocabulary::create(tokenizer, config_));
    load_ms_ = clock.ms();
    ASSIGN_OR_RETURN(prompt_, vocabulary_->start_sequence("en", whisper::Task::kTranscribe, false));
    RETURN_IF_ERROR(encode());
    const auto decoder = model_->decoder(states_);
    ASSIGN_OR_RETURN(const engine::Value logits, feed(*decoder, prompt_, 1));
    RETURN_IF_ERROR(best_text(logits, vocabulary_->end_of_text()).status());
    first_token_ms_ = clock.ms();
    return Status();
  }

  whisper::LoadOptions load_options() const {
    whisper::LoadOptions options;
    options.session.providers = {"cpu"};
    options.session.compile.threads = request_.threads;
    options.session.compile.precision = request_.precision;
    return options;
  }

  Status load_model() {
    ASSIGN_OR_RETURN(model_, whisper::Model::load(registry_, request_.model, load_options()));
    return Status();
  }

  Status encode() {
    ASSIGN_OR_RETURN(Tensor mel, features_.to_host());
    ASSIGN_OR_RETURN(states_, model_->encode(std::move(mel)));
    return Status();
  }

  Result<Json> measure(const std::string& name) {
    if (name == "log_mel") return timed(request_.repeat, [&] { return features().status(); });
    if (name == "encoder") return timed(request_.repeat, [&] { return encode(); });
    if (name.starts_with("decoder:")) return decoder_steps(std::atol(name.c_str() + 8));
    return invalid_argument("expected log_mel, encoder or decoder:B, found `{}`", name);
  }

  // Text tokens, different from one another, before the prompt, so that it has `context` in all.
  std::vector<int32_t> long_prompt() const {
    std::vector<int32_t> tokens = {vocabulary_->start_of_previous()};
    const int64_t text = request_.context - 1 - static_cast<int64_t>(prompt_.size());
    for (int64_t i = 0; i < text; ++i) {
      tokens.push_back(static_cast<int32_t>((1000 + 37 * i) % vocabulary_->end_of_text()));
    }
    tokens.insert(tokens.end(), prompt_.begin(), prompt_.end());
    return tokens;
  }

  // The same tokens for each of `rows`; the logits after the last one.
  static Result<engine::Value> feed(generate::StepDecoder& decoder,
                                    const std::vector<int32_t>& tokens, int64_t rows) {
    std::vector<int32_t> all;
    for (int64_t row = 0; row < rows; ++row) all.insert(all.end(), tokens.begin(), tokens.end());
    const auto last = static_cast<int64_t>(tokens.size()) - 1;
    return decoder.feed(all, rows, std::span(&last, 1));
  }

  // Milliseconds of a step, one for each repetition, of `rows` rows: up to 8 are the beams of one
  // window, more are windows of their own.
  Result<Json> decoder_steps(int64_t rows) {
    if (rows < 1) return invalid_argument("expected decoder:B with B from 1 on, found {}", rows);
    const bool beams = rows <= kMostBeams;
    engine::Value states = states_;
    if (!beams) {
      ASSIGN_OR_RETURN(states, state_rows(rows));
    }
    Json all = Json::array();
    for (int i = 0; i < request_.repeat; ++i) {
      const auto decoder = model_->decoder(states);
      ASSIGN_OR_RETURN(engine::Value logits, feed(*decoder, long_prompt(), beams ? 1 : rows));
      if (beams) RETURN_IF_ERROR(decoder->take_rows(std::vector<int64_t>(rows, 0)));
      const Stopwatch clock;
      for (int64_t step = 0; step < request_.steps; ++step) {
        ASSIGN_OR_RETURN(const int32_t token, best_text(logits, vocabulary_->end_of_text()));
        ASSIGN_OR_RETURN(logits, feed(*decoder, {token}, rows));
      }
      all.push_back(clock.ms() / static_cast<double>(request_.steps));
    }
    return all;
  }

  Result<engine::Value> state_rows(int64_t batch) const {
    ASSIGN_OR_RETURN(const TensorView one, states_.view());
    ASSIGN_OR_RETURN(Tensor rows,
                     Tensor::create(DType::kFloat, {batch, one.shape[1], one.shape[2]}));
    const std::span<const float> from = one.as<float>();
    for (int64_t row = 0; row < batch; ++row) {
      std::ranges::copy(from, rows.as<float>().begin() + row * static_cast<int64_t>(from.size()));
    }
    return engine::Value::of(std::move(rows));
  }

  Request request_;
  whisper::Config config_;
  std::vector<float> samples_;
  engine::Value features_, states_;
  engine::Registry registry_;
  std::shared_ptr<const whisper::Model> model_;
  std::optional<whisper::Vocabulary> vocabulary_;
  std::vector<int32_t> prompt_;
  double load_ms_ = 0, first_token_ms_ = 0;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

int run(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: peers_escuta MODEL AUDIO THREADS ROWS [REPEAT [CONTEXT STEPS]]\n", stderr);
    return 2;
  }
  Request request = {argv[1], argv[2], std::atoi(argv[3]), split(argv[4])};
  if (argc > 5) request.repeat = std::atoi(argv[5]);
  if (argc > 7) {
    request.context = std::atol(argv[6]);
    request.steps = std::atol(argv[7]);
  }
  if (argc > 8 && std::string_view(argv[8]) == "int8") {
    request.precision = engine::Precision::kInt8;
  }
  const Result<Json> result = Bench(std::move(request)).run();
  if (!result.ok()) {
    std::fprintf(stderr, "peers_escuta: %s\n", std::string(result.status().message()).c_str());
    return 3;
  }
  std::printf("%s\n", json_dump(*result).c_str());
  return 0;
}

}  // namespace
}  // namespace escuta

int main(int argc, char** argv) { return escuta::run(argc, argv); }
