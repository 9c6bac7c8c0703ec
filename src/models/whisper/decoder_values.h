// Values that go into a decoder graph and come out of it, whichever way it is run.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/session.h"
#include "engine/value.h"
#include "models/whisper/config.h"

namespace escuta::whisper {

Result<engine::Value> integers(std::span<const int64_t> dims, std::span<const int64_t> values);
Result<engine::Value> integers(std::span<const int64_t> dims, std::span<const int32_t> values);
Result<engine::Value> boolean(bool value);  // [1]

// Whether the graph computes logits at chosen positions only.
bool gives_positions(const engine::Session& session);

// Logits in host memory and f32, whatever the graph gives: [rows, positions.size(), V].
// `all_positions`: the graph gave those of all tokens, of which these are taken.
Result<engine::Value> host_logits(engine::Value logits, std::span<const int64_t> positions,
                                  bool all_positions);

// The inputs of a merged decoder that are its past, without elements: the branch without cache does
// not read them, but the graph's inputs must be there.
Status give_no_past(const engine::Session& session, const Config& config, int64_t rows,
                    std::span<engine::Value> inputs);

// The inputs that name heads of which attention weights are wanted: none.
Status want_no_heads(const engine::Session& session, std::span<engine::Value> inputs);

// Values in host memory and f32.
Result<engine::Value> as_floats(engine::Value value);

}  // namespace escuta::whisper
