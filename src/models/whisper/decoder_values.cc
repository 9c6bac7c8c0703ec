#include "models/whisper/decoder_values.h"

#include <algorithm>

#include "models/whisper/names.h"
#include "tensor/float16.h"

namespace escuta::whisper {
namespace {

// logits [rows, n, V] of all tokens -> those at `positions`.
Result<engine::Value> sliced(engine::Value logits, std::span<const int64_t> positions) {
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  if (view.shape.rank() != 3) {
    return failed_precondition("decoder logits: expected [rows, n, V], found {}",
                               view.shape.to_string());
  }
  const int64_t rows = view.shape[0], n = view.shape[1];
  const auto count = static_cast<int64_t>(positions.size());
  if (count == n) return logits;
  if (n == 0 || view.bytes.empty()) return logits;
  ASSIGN_OR_RETURN(Tensor part, Tensor::create(view.dtype, {rows, count, view.shape[2]}));
  const size_t line = view.bytes.size() / static_cast<size_t>(rows * n);
  std::byte* dst = part.bytes().data();
  for (int64_t row = 0; row < rows; ++row) {
    for (const int64_t position : positions) {
      const auto at = static_cast<size_t>(row * n + position) * line;
      dst = std::copy_n(view.bytes.data() + at, line, dst);
    }
  }
  return engine::Value::of(std::move(part));
}

Result<engine::Value> make_integers(std::span<const int64_t> dims, auto values) {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::create(DType::kInt64, shape));
  std::ranges::copy(values, tensor.as<int64_t>().begin());
  return engine::Value::of(std::move(tensor));
}

}  // namespace

Result<engine::Value> integers(std::span<const int64_t> dims, std::span<const int64_t> values) {
  return make_integers(dims, values);
}

Result<engine::Value> integers(std::span<const int64_t> dims, std::span<const int32_t> values) {
  return make_integers(dims, values);
}

Result<engine::Value> boolean(bool value) {
  const bool flag[] = {value};
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::of<bool>({1}, flag));
  return engine::Value::of(std::move(tensor));
}

bool gives_positions(const engine::Session& session) {
  return session.input_index(names::kLogitPositions).has_value();
}

Result<engine::Value> as_floats(engine::Value value) {
  if (!value.on_host()) {
    ASSIGN_OR_RETURN(Tensor host, value.to_host());
    value = engine::Value::of(std::move(host));
  }
  if (value.dtype() != DType::kFloat16) return value;
  ASSIGN_OR_RETURN(const TensorView view, value.view());
  ASSIGN_OR_RETURN(Tensor wide, Tensor::create(DType::kFloat, view.shape));
  const auto* half = reinterpret_cast<const uint16_t*>(view.bytes.data());
  half_to_float({half, view.bytes.size() / sizeof(uint16_t)}, wide.as<float>());
  return engine::Value::of(std::move(wide));
}

Result<engine::Value> host_logits(engine::Value logits, std::span<const int64_t> positions,
                                  bool all_positions) {
  if (!logits.on_host()) {
    ASSIGN_OR_RETURN(Tensor host, logits.to_host());
    logits = engine::Value::of(std::move(host));
  }
  if (all_positions) {
    ASSIGN_OR_RETURN(logits, sliced(std::move(logits), positions));
  }
  return as_floats(std::move(logits));
}

Status give_no_past(const engine::Session& session, const Config& config, int64_t rows,
                    std::span<engine::Value> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const engine::IoInfo& input = session.inputs()[i];
    if (!input.name.starts_with("past_key_values.")) continue;
    ASSIGN_OR_RETURN(Tensor empty, Tensor::create(input.dtype, {rows, config.decoder_heads, 0,
                                                                config.head_size()}));
    inputs[i] = engine::Value::of(std::move(empty));
  }
  return Status();
}

Status want_no_heads(const engine::Session& session, std::span<engine::Value> inputs) {
  for (int64_t layer = 0;; ++layer) {
    if (!session.output_index(names::present(layer, "decoder", "key"))) return Status();
    const auto index = session.input_index(names::wanted_heads(layer));
    if (!index) continue;
    const int64_t none[] = {0};
    ASSIGN_OR_RETURN(inputs[*index], integers(none, std::span<const int64_t>()));
  }
}

}  // namespace escuta::whisper
