// Whisper's encoder and decoder as ONNX graphs, with the inputs and outputs of Hugging Face's
// exporter (optimum, WhisperOnnxConfig): the architecture of openai/whisper's model.py, read from
// CTranslate2's variables (python/ctranslate2/specs/whisper_spec.py, transformer_spec.py).
//
// Building cannot fail: what the graphs need of the checkpoint is declared in the builder's pool,
// which compares it afterwards.
//
// Letters: B batch_size, S decoder_sequence_length, P past_decoder_sequence_length, F encoder
// positions, M d_model, V vocabulary, H heads, D head size. Float types are the pool's, but
// input_features and logits are always f32.
#pragma once

#include "convert/graph_builder.h"
#include "convert/whisper_sizes.h"

namespace escuta::convert {

// input_features [B, n_mels, mel_frames] f32 -> last_hidden_state [B, source_positions, M].
void build_encoder(const WhisperSizes& sizes, GraphBuilder& graph);

enum class DecoderPart {
  // input_ids [B, S] i64, encoder_hidden_states [B, F, M] -> logits [B, S, V],
  // present.N.{decoder [B, H, S, D], encoder [B, H, F, D]}.{key,value}
  kFirst,
  // input_ids [B, S] i64, past_key_values.N.{decoder [B, H, P, D], encoder [B, H, F,
  // D]}.{key,value}
  // -> logits [B, S, V], present.N.decoder.{key,value} [B, H, P + S, D]
  kWithPast,
};
void build_decoder(const WhisperSizes& sizes, DecoderPart part, GraphBuilder& graph);

// Both parts in one, as the branches of an If: the inputs of both and use_cache_branch [1] bool ->
// the outputs of kFirst. As in optimum's merged decoders, use_cache_branch = true returns
// present.N.encoder.* without elements: they are the caller's own past_key_values.N.encoder.*.
void build_merged_decoder(const WhisperSizes& sizes, GraphBuilder& graph);

}  // namespace escuta::convert
