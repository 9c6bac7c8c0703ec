// Whisper's decoder as a StepDecoder: a pair of graphs (decoder_model fills the cache,
// decoder_with_past_model goes on from it), or one merged graph with a switch.
#pragma once

#include <memory>

#include "engine/session.h"
#include "engine/value.h"
#include "generate/step_decoder.h"
#include "models/whisper/config.h"

namespace escuta::whisper {

// encoder_states [windows, max_source_positions, D]: each window is a row of the first feed().
std::unique_ptr<generate::StepDecoder> make_pair_decoder(
    std::shared_ptr<const engine::Session> first, std::shared_ptr<const engine::Session> with_past,
    engine::Value encoder_states);

std::unique_ptr<generate::StepDecoder> make_merged_decoder(
    std::shared_ptr<const engine::Session> merged, const Config& config,
    engine::Value encoder_states);

}  // namespace escuta::whisper
