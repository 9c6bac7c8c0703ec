// For tests: a small Whisper checkpoint with every variable that CTranslate2 writes, made from
// numbers that depend on nothing but their place; and a writer of the format, for versions 1 to 6.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "tensor/dtype.h"
#include "tensor/float16.h"

namespace escuta::convert::testing {

struct Variable {
  std::vector<uint32_t> dims;
  uint8_t type = 0;  // CTranslate2's number: float32, int8, int16, int32, float16, bfloat16
  std::string bytes;
};

inline Variable float_variable(std::vector<uint32_t> dims, const std::vector<float>& values) {
  Variable v{std::move(dims), 0, std::string(values.size() * sizeof(float), '\0')};
  std::memcpy(v.bytes.data(), values.data(), v.bytes.size());
  return v;
}

inline Variable int16_scalar(int16_t value) {
  Variable v{{}, 2, std::string(sizeof(value), '\0')};
  std::memcpy(v.bytes.data(), &value, sizeof(value));
  return v;
}

struct Checkpoint {
  uint32_t version = 6;
  std::string spec = "WhisperSpec";
  uint32_t revision = 3;
  std::map<std::string, Variable> variables;
  std::vector<std::pair<std::string, std::string>> aliases = {
      {"decoder/projection/weight", "decoder/embeddings/weight"}};

  std::string serialize() const;
};

inline std::string Checkpoint::serialize() const {
  std::string out;
  const auto number = [&](auto value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const auto text = [&](const std::string& s) {
    number(static_cast<uint16_t>(s.size() + 1));
    out += s + '\0';
  };
  number(version);
  if (version >= 2) {
    text(spec);
    number(revision);
  }
  number(static_cast<uint32_t>(variables.size()));
  for (const auto& [name, v] : variables) {
    text(name);
    number(static_cast<uint8_t>(v.dims.size()));
    for (const uint32_t dim : v.dims) number(dim);
    constexpr uint8_t kSizes[] = {4, 1, 2, 4, 2, 2};
    const uint8_t size = kSizes[v.type];
    number(version >= 4 ? v.type : size);
    number(static_cast<uint32_t>(version >= 4 ? v.bytes.size() : v.bytes.size() / size));
    out += v.bytes;
  }
  if (version >= 3) {
    number(static_cast<uint32_t>(aliases.size()));
    for (const auto& [alias, target] : aliases) {
      text(alias);
      text(target);
    }
  }
  return out;
}

struct Sizes {
  uint32_t d_model = 16, heads = 2, ffn = 24, layers = 2, mels = 6;
  uint32_t vocab = 300, source = 10, target = 12;
};

inline Checkpoint whisper_checkpoint(const Sizes& s = {}) {
  Checkpoint c;
  uint32_t seed = 1;
  const auto add = [&](const std::string& name, std::vector<uint32_t> dims, float offset = 0) {
    size_t count = 1;
    for (const uint32_t dim : dims) count *= dim;
    std::vector<float> values(count);
    for (float& value : values) {
      seed = seed * 1664525U + 1013904223U;  // Numerical Recipes' generator
      value = offset + (static_cast<float>(seed >> 16) / 65536.0F - 0.5F) * 0.5F;
    }
    c.variables[name] = float_variable(std::move(dims), values);
  };
  const auto norm = [&](const std::string& name) {
    add(name + "/gamma", {s.d_model}, 1);
    add(name + "/beta", {s.d_model});
  };
  const auto linear = [&](const std::string& name, uint32_t out, uint32_t in) {
    add(name + "/weight", {out, in});
    add(name + "/bias", {out});
  };
  for (const std::string side : {"encoder", "decoder"}) {
    for (uint32_t i = 0; i < s.layers; ++i) {
      const std::string layer = side + "/layer_" + std::to_string(i);
      norm(layer + "/self_attention/layer_norm");
      linear(layer + "/self_attention/linear_0", 3 * s.d_model, s.d_model);
      linear(layer + "/self_attention/linear_1", s.d_model, s.d_model);
      if (side == "decoder") {
        norm(layer + "/attention/layer_norm");
        linear(layer + "/attention/linear_0", s.d_model, s.d_model);
        linear(layer + "/attention/linear_1", 2 * s.d_model, s.d_model);
        linear(layer + "/attention/linear_2", s.d_model, s.d_model);
      }
      norm(layer + "/ffn/layer_norm");
      linear(layer + "/ffn/linear_0", s.ffn, s.d_model);
      linear(layer + "/ffn/linear_1", s.d_model, s.ffn);
    }
    norm(side + "/layer_norm");
    add(side + "/position_encodings/encodings",
        {side == "encoder" ? s.source : s.target, s.d_model});
    c.variables[side + "/num_heads"] = int16_scalar(static_cast<int16_t>(s.heads));
  }
  add("encoder/conv1/weight", {s.d_model, s.mels, 3});
  add("encoder/conv1/bias", {s.d_model});
  add("encoder/conv2/weight", {s.d_model, s.d_model, 3});
  add("encoder/conv2/bias", {s.d_model});
  add("decoder/embeddings/weight", {s.vocab, s.d_model});
  return c;
}

// A byte-level BPE with one merge and Whisper's special tokens from `first_special` on.
inline std::string tokenizer_json(int first_special = 256) {
  std::string added;
  int id = first_special;
  for (const char* token :
       {"<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|haw|>", "<|translate|>",
        "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"}) {
    if (!added.empty()) added += ",";
    added += R"({"id":)" + std::to_string(id++) + R"(,"content":")" + token +
             R"(","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,)" +
             R"("special":true})";
  }
  return R"({"version":"1.0","added_tokens":[)" + added +
         R"(],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,)"
         R"("trim_offsets":true},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE",)"
         R"("vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})";
}

inline constexpr char kConfigJson[] =
    R"({"suppress_ids":[1,2],"suppress_ids_begin":[0,256],"lang_ids":[258,259],)"
    R"("alignment_heads":[[1,0],[1,1]]})";

// Writes the folder that import_whisper reads.
inline Status write_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                               const std::string& tokenizer = tokenizer_json(),
                               const std::string& config = kConfigJson) {
  std::filesystem::create_directories(folder);
  RETURN_IF_ERROR(write_file(folder / "model.bin", checkpoint.serialize()));
  RETURN_IF_ERROR(write_file(folder / "tokenizer.json", tokenizer));
  return write_file(folder / "config.json", config);
}

}  // namespace escuta::convert::testing
