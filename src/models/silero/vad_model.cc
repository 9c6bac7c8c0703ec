#include "models/silero/vad_model.h"

#include <algorithm>
#include <cmath>

#include "graph/import.h"
#include "onnx/reader.h"

extern "C" {
extern const std::byte escuta_silero_model_begin[];
extern const std::byte escuta_silero_model_end[];
}

namespace escuta::silero {
namespace {

using engine::IoInfo;
using engine::Value;

constexpr int kRate = 16000, kHalfRate = 8000;
constexpr int64_t kHidden = 128;  // of the LSTM
constexpr int64_t kAny = -1;      // a dimension that may be known or not
constexpr int64_t kOpen = -2;     // one that must be left open

struct Expected {
  const char* name;
  DType dtype;
  std::vector<int64_t> dims;
};

bool fits(const IoInfo& io, const Expected& expected) {
  if (io.name != expected.name || io.dtype != expected.dtype) return false;
  if (!io.ranked) return true;
  if (io.dims.size() != expected.dims.size()) return false;
  for (size_t i = 0; i < io.dims.size(); ++i) {
    const int64_t found = io.dims[i], wanted = expected.dims[i];
    if (found >= 0 && wanted != kAny && found != wanted) return false;
  }
  return true;
}

// The position of what is expected; nullopt: it is not there.
std::optional<size_t> find(std::span<const IoInfo> list, const Expected& expected) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (fits(list[i], expected)) return i;
  }
  return std::nullopt;
}

std::string describe_all(std::span<const IoInfo> list) {
  std::string text;
  for (const IoInfo& io : list.first(std::min<size_t>(list.size(), 6))) {
    text += fmt::format("{}`{}` {}", text.empty() ? "" : ", ", io.name, engine::describe(io));
  }
  if (list.size() > 6) text += fmt::format(" and {} more", list.size() - 6);
  return text.empty() ? "none" : text;
}

std::string title_of(const engine::Session& session) {
  const auto& path = session.model().path;
  return path.empty() ? "the built-in model of speech" : path.string();
}

Result<Tensor> scalar(int64_t value) { return Tensor::of<int64_t>({}, std::span(&value, 1)); }

}  // namespace

engine::SessionOptions VadModel::default_session() {
  engine::SessionOptions options;
  options.providers = {"cpu"};
  options.compile.threads = 1;
  return options;
}

Result<std::shared_ptr<const VadModel>> VadModel::load(const engine::Registry& registry,
                                                       const engine::SessionOptions& options) {
  const std::span bytes(escuta_silero_model_begin, escuta_silero_model_end);
  ASSIGN_OR_RETURN(onnx::Model def, onnx::parse_model(bytes, {}));
  ASSIGN_OR_RETURN(graph::Model model, graph::import_model(std::move(def)));
  ASSIGN_OR_RETURN(auto session,
                   engine::Session::load(
                       registry, std::make_shared<const graph::Model>(std::move(model)), options));
  return of(std::move(session));
}

Result<std::shared_ptr<const VadModel>> VadModel::load(const engine::Registry& registry,
                                                       const std::filesystem::path& path,
                                                       const engine::SessionOptions& options) {
  ASSIGN_OR_RETURN(auto session, engine::Session::load(registry, path, options));
  return of(std::move(session));
}

Result<std::shared_ptr<const VadModel>> VadModel::of(std::shared_ptr<engine::Session> session) {
  std::shared_ptr<VadModel> model(new VadModel);
  model->session_ = std::move(session);
  Status status = model->find_kind();
  if (status.ok()) status = model->probe();
  if (!status.ok()) return status.with_context(title_of(*model->session_));
  return std::shared_ptr<const VadModel>(std::move(model));
}

Status VadModel::find_kind() {
  const auto inputs = session_->inputs(), outputs = session_->outputs();
  const int64_t width = chunk_samples(kRate) + context_samples(kRate);
  const auto take = [](std::span<const IoInfo> list, const std::vector<Expected>& expected,
                       std::vector<size_t>& at) {
    for (const Expected& one : expected) {
      const auto found = find(list, one);
      if (!found) return false;
      at.push_back(*found);
    }
    return true;
  };
  const struct {
    Kind kind;
    std::vector<Expected> inputs, outputs;
    std::vector<Shape> state;
  } kinds[] = {
      {Kind::kSequence,
       {{"input", DType::kFloat, {kOpen, width}},
        {"h", DType::kFloat, {1, 1, kHidden}},
        {"c", DType::kFloat, {1, 1, kHidden}}},
       {{"speech_probs", DType::kFloat, {kOpen}},
        {"hn", DType::kFloat, {1, 1, kHidden}},
        {"cn", DType::kFloat, {1, 1, kHidden}}},
       {{1, 1, kHidden}, {1, 1, kHidden}}},
      {Kind::kStep,
       {{"input", DType::kFloat, {kAny, kAny}}, {"state", DType::kFloat, {2, kAny, kHidden}}},
       {{"output", DType::kFloat, {kAny, 1}}, {"stateN", DType::kFloat, {kAny, kAny, kAny}}},
       {{2, 1, kHidden}}}};
  for (const auto& kind : kinds) {
    std::vector<size_t> in, out;
    if (!take(inputs, kind.inputs, in) || !take(outputs, kind.outputs, out)) continue;
    if (kind.kind == Kind::kStep) rate_input_ = find(inputs, {"sr", DType::kInt64, {}});
    if (in.size() + (rate_input_ ? 1 : 0) != inputs.size()) continue;
    kind_ = kind.kind;
    samples_input_ = in[0];
    probability_output_ = out[0];
    state_inputs_.assign(in.begin() + 1, in.end());
    state_outputs_.assign(out.begin() + 1, out.end());
    state_shapes_ = kind.state;
    return {};
  }
  return invalid_argument(
      "expected a model of Silero VAD, with the inputs `input` float [n, {}], `h` and `c` float "
      "[1, 1, {}] and the outputs `speech_probs`, `hn`, `cn`, or with the inputs `input` float "
      "[batch, samples], `state` float [2, batch, {}] and perhaps `sr` int64 [] and the outputs "
      "`output`, `stateN`; found the inputs {} and the outputs {}",
      width, kHidden, kHidden, describe_all(inputs), describe_all(outputs));
}

// A chunk of silence: types and shapes may be known at a run only. And whether a rate of 8 kHz
// changes anything: some models take the rate and do not look at it.
Status VadModel::probe() {
  const auto answer = [&](int width_rate, int said_rate,
                          std::vector<float>& probability) -> Status {
    const int64_t width = chunk_samples(width_rate) + context_samples(width_rate);
    ASSIGN_OR_RETURN(Tensor silence, Tensor::create(DType::kFloat, {1, width}));
    State state = begin();
    return run_rows(std::move(silence), said_rate, state, probability);
  };
  std::vector<float> probability;
  RETURN_IF_ERROR(answer(kRate, kRate, probability));
  if (!rate_input_) return {};
  std::vector<float> half, whole;
  knows_8_khz_ = answer(kHalfRate, kHalfRate, half).ok() &&
                 !(answer(kHalfRate, kRate, whole).ok() && half == whole);
  return {};
}

Status VadModel::check_rate(int rate_hz) const {
  if (rate_hz == kRate || (rate_hz == kHalfRate && knows_8_khz_)) return {};
  return invalid_argument("{}: expected a sample rate of {}, found {}; resample the sound",
                          title_of(*session_), knows_8_khz_ ? "16000 or 8000 Hz" : "16000 Hz",
                          rate_hz);
}

VadModel::State VadModel::begin() const {
  State state;
  for (const Shape& shape : state_shapes_) {
    state.push_back(Value::of(Tensor::create(DType::kFloat, shape).value()));
  }
  return state;
}

Status VadModel::run(std::span<const float> samples, int rate_hz, State& state,
                     std::vector<float>& probabilities) const {
  const int64_t chunk = chunk_samples(rate_hz), context = context_samples(rate_hz);
  const int64_t chunks = (static_cast<int64_t>(samples.size()) - context) / chunk;
  ESCUTA_CHECK(chunks * chunk + context == static_cast<int64_t>(samples.size()));
  const int64_t each = kind_ == Kind::kSequence ? chunks : 1, width = context + chunk;
  for (int64_t first = 0; first < chunks; first += each) {
    ASSIGN_OR_RETURN(Tensor rows, Tensor::create(DType::kFloat, {each, width}));
    float* dst = rows.as<float>().data();
    for (int64_t row = 0; row < each; ++row, dst += width) {
      std::copy_n(samples.data() + (first + row) * chunk, width, dst);
    }
    RETURN_IF_ERROR(run_rows(std::move(rows), rate_hz, state, probabilities));
  }
  return {};
}

Status VadModel::run_rows(Tensor rows, int rate_hz, State& state,
                          std::vector<float>& probabilities) const {
  const int64_t count = rows.shape()[0];
  std::vector<Value> inputs(session_->inputs().size());
  inputs[samples_input_] = Value::of(std::move(rows));
  for (size_t i = 0; i < state.size(); ++i) inputs[state_inputs_[i]] = state[i];
  if (rate_input_) {
    ASSIGN_OR_RETURN(Tensor rate, scalar(rate_hz));
    inputs[*rate_input_] = Value::of(std::move(rate));
  }
  ASSIGN_OR_RETURN(const std::vector<Value> outputs, session_->run(inputs));
  for (size_t i = 0; i < state.size(); ++i) {
    const Value& next = outputs[state_outputs_[i]];
    if (next.dtype() != DType::kFloat || !(next.shape() == state_shapes_[i])) {
      return data_loss("expected the model to give a state of float {}, found {} {}",
                       state_shapes_[i].to_string(), dtype_name(next.dtype()),
                       next.shape().to_string());
    }
    state[i] = next;
  }
  return take_probabilities(outputs[probability_output_], count, probabilities);
}

Status VadModel::take_probabilities(const Value& value, int64_t rows,
                                    std::vector<float>& probabilities) const {
  if (value.dtype() != DType::kFloat || value.shape().count() != rows) {
    return data_loss("expected the model to give {} probabilities, found {} {}", rows,
                     dtype_name(value.dtype()), value.shape().to_string());
  }
  ASSIGN_OR_RETURN(const Tensor host, value.to_host());
  for (const float p : host.view().as<float>()) {
    if (!(p >= 0 && p <= 1)) {
      return data_loss(
          "expected the model to give probabilities, 0 to 1, found {}; is the file "
          "damaged?",
          p);
    }
    probabilities.push_back(p);
  }
  return {};
}

}  // namespace escuta::silero
