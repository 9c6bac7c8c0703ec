#include "convert/whisper.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/json.h"
#include "convert/test_checkpoint.h"
#include "onnx/reader.h"

namespace escuta::convert {
namespace {

namespace fs = std::filesystem;
using testing::Checkpoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using testing::whisper_checkpoint;
using testing::write_checkpoint;

class ImportWhisper : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        fmt::format("import_{}_{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                    ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ASSERT_TRUE(write_checkpoint(src(), whisper_checkpoint()).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path src() const { return folder_ / "src"; }
  fs::path dst() const { return folder_ / "dst"; }
  Status import(const ImportOptions& options = {}) const {
    return import_whisper(src(), dst(), options);
  }
  static std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
  // The import fails with this in its message, and nothing is there that was not before.
  void expect_refused(const std::string& message) const {
    const Status status = import();
    EXPECT_FALSE(status.ok()) << message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    EXPECT_THAT(names_in(folder_), UnorderedElementsAre("src"));
  }

  fs::path folder_;
};

std::vector<std::string> names(const std::vector<onnx::ValueInfo>& values) {
  std::vector<std::string> result;
  for (const auto& value : values) result.push_back(value.name);
  return result;
}

onnx::Model read(const fs::path& path) {
  auto model = onnx::read_model(path);
  EXPECT_TRUE(model.ok()) << model.status().to_string();
  return model.ok() ? *std::move(model) : onnx::Model();
}

const onnx::TensorDef& initializer(const onnx::Model& model, const std::string& name) {
  for (const onnx::TensorDef& tensor : model.graph.initializers) {
    if (tensor.name == name) return tensor;
  }
  static const onnx::TensorDef none;
  ADD_FAILURE() << "no initializer " << name;
  return none;
}

TEST_F(ImportWhisper, WritesTheExportersLayout) {
  ASSERT_TRUE(import().ok()) << import().to_string();
  EXPECT_THAT(
      names_in(dst()),
      UnorderedElementsAre("encoder_model.onnx", "encoder.onnx_data", "decoder_model.onnx",
                           "decoder_with_past_model.onnx", "decoder.onnx_data", "tokenizer.json",
                           "config.json", "generation_config.json", "preprocessor_config.json"));
  const onnx::Model encoder = read(dst() / "encoder_model.onnx");
  EXPECT_THAT(names(encoder.graph.inputs), ElementsAre("input_features"));
  EXPECT_EQ(encoder.graph.inputs[0].type.shape,
            (std::vector<onnx::DimDef>{"batch_size", int64_t{6}, int64_t{20}}));
  EXPECT_THAT(names(encoder.graph.outputs), ElementsAre("last_hidden_state"));

  const onnx::Model first = read(dst() / "decoder_model.onnx");
  EXPECT_THAT(names(first.graph.inputs), ElementsAre("input_ids", "encoder_hidden_states"));
  EXPECT_THAT(
      names(first.graph.outputs),
      ElementsAre("logits", "present.0.decoder.key", "present.0.decoder.value",
                  "present.0.encoder.key", "present.0.encoder.value", "present.1.decoder.key",
                  "present.1.decoder.value", "present.1.encoder.key", "present.1.encoder.value"));
  const onnx::Model next = read(dst() / "decoder_with_past_model.onnx");
  EXPECT_THAT(
      names(next.graph.inputs),
      ElementsAre("input_ids", "past_key_values.0.decoder.key", "past_key_values.0.decoder.value",
                  "past_key_values.0.encoder.key", "past_key_values.0.encoder.value",
                  "past_key_values.1.decoder.key", "past_key_values.1.decoder.value",
                  "past_key_values.1.encoder.key", "past_key_values.1.encoder.value"));
  EXPECT_THAT(names(next.graph.outputs),
              ElementsAre("logits", "present.0.decoder.key", "present.0.decoder.value",
                          "present.1.decoder.key", "present.1.decoder.value"));
  EXPECT_EQ(next.graph.inputs[1].type.shape,
            (std::vector<onnx::DimDef>{"batch_size", int64_t{2}, "past_decoder_sequence_length",
                                       int64_t{8}}));

  // Both decoders refer to the same bytes, the fused projection is cut and transposed.
  const onnx::TensorDef& key = initializer(first, "decoder.layers.1.self_attn.k_proj.weight");
  EXPECT_EQ(key.external->offset,
            initializer(next, "decoder.layers.1.self_attn.k_proj.weight").external->offset);
  Checkpoint checkpoint = whisper_checkpoint();
  const auto& source = checkpoint.variables["decoder/layer_1/self_attention/linear_0/weight"];
  float expected, found;
  std::memcpy(&expected, source.bytes.data() + sizeof(float) * ((16 + 3) * 16 + 5), sizeof(float));
  std::memcpy(&found, key.bytes.data() + sizeof(float) * (5 * 16 + 3), sizeof(float));
  EXPECT_EQ(found, expected);
}

TEST_F(ImportWhisper, WritesSideFiles) {
  ASSERT_TRUE(import().ok());
  const auto config = read_json(dst() / "config.json");
  ASSERT_TRUE(config.ok());
  for (const auto& [key, value] : std::map<std::string, int64_t>{{"d_model", 16},
                                                                 {"num_mel_bins", 6},
                                                                 {"vocab_size", 300},
                                                                 {"encoder_layers", 2},
                                                                 {"decoder_layers", 2},
                                                                 {"decoder_attention_heads", 2},
                                                                 {"encoder_ffn_dim", 24},
                                                                 {"max_source_positions", 10},
                                                                 {"max_target_positions", 12},
                                                                 {"eos_token_id", 256},
                                                                 {"decoder_start_token_id", 257}}) {
    EXPECT_EQ(json_int_or(*config, key, -1).value(), value) << key;
  }
  EXPECT_EQ(json_string(*config, "model_type").value(), "whisper");
  const auto generation = read_json(dst() / "generation_config.json");
  ASSERT_TRUE(generation.ok());
  EXPECT_THAT(json_ints(*generation, "suppress_tokens").value(), ElementsAre(1, 2));
  EXPECT_THAT(json_ints(*generation, "begin_suppress_tokens").value(), ElementsAre(0, 256));
  EXPECT_EQ(json_int(*generation, "no_timestamps_token_id").value(), 265);
  EXPECT_EQ(json_int(*generation, "prev_sot_token_id").value(), 263);
  EXPECT_EQ(json_dump((*generation)["alignment_heads"]), "[[1,0],[1,1]]");
  EXPECT_EQ((*generation)["is_multilingual"], false);
  EXPECT_FALSE(generation->contains("lang_to_id"));
  const auto features = read_json(dst() / "preprocessor_config.json");
  ASSERT_TRUE(features.ok());
  EXPECT_EQ(json_int(*features, "feature_size").value(), 6);
  EXPECT_EQ(json_int(*features, "nb_max_frames").value(), 20);
  EXPECT_EQ(read_file(dst() / "tokenizer.json", 1 << 20).value(), testing::tokenizer_json());
}

TEST_F(ImportWhisper, KnowsAMultilingualVocabulary) {
  const auto checkpoint = whisper_checkpoint({.d_model = 4, .vocab = 51865});
  ASSERT_TRUE(write_checkpoint(src(), checkpoint).ok());
  ASSERT_TRUE(import().ok()) << import().to_string();
  const auto generation = read_json(dst() / "generation_config.json");
  EXPECT_EQ((*generation)["is_multilingual"], true);
  EXPECT_EQ(json_dump((*generation)["lang_to_id"]), R"({"<|en|>":258,"<|haw|>":259})");
  EXPECT_EQ(json_dump((*generation)["task_to_id"]), R"({"transcribe":261,"translate":260})");
}

TEST_F(ImportWhisper, KeepsTheOtherTypeAndReplacesTheOtherForm) {
  ASSERT_TRUE(import().ok());
  ASSERT_TRUE(write_file(dst() / "notes.txt", "mine").ok());
  ASSERT_TRUE(import({.dtype = DType::kFloat16}).ok());
  EXPECT_THAT(
      names_in(dst()),
      UnorderedElementsAre("encoder_model.onnx", "encoder.onnx_data", "decoder_model.onnx",
                           "decoder_with_past_model.onnx", "decoder.onnx_data",
                           "encoder_model_fp16.onnx", "encoder_fp16.onnx_data",
                           "decoder_model_fp16.onnx", "decoder_with_past_model_fp16.onnx",
                           "decoder_fp16.onnx_data", "tokenizer.json", "config.json",
                           "generation_config.json", "preprocessor_config.json", "notes.txt"));
  const onnx::Model half = read(dst() / "decoder_with_past_model_fp16.onnx");
  EXPECT_EQ(half.graph.inputs[1].type.dtype, DType::kFloat16);
  EXPECT_EQ(half.graph.outputs[0].type.dtype, DType::kFloat);

  ASSERT_TRUE(import({.merged = true}).ok());
  const auto after = names_in(dst());
  EXPECT_TRUE(after.contains("decoder_model_merged.onnx"));
  EXPECT_FALSE(after.contains("decoder_model.onnx"));
  EXPECT_FALSE(after.contains("decoder_with_past_model.onnx"));
  EXPECT_TRUE(after.contains("decoder_model_fp16.onnx"));
  const onnx::Model merged = read(dst() / "decoder_model_merged.onnx");
  ASSERT_EQ(merged.graph.nodes.size(), 1U);
  EXPECT_EQ(merged.graph.nodes[0].op_type, "If");
  EXPECT_EQ(merged.graph.inputs.size(), 2U + 8U + 1U);
  EXPECT_EQ(merged.graph.inputs.back().name, "use_cache_branch");
  EXPECT_EQ(merged.graph.outputs.size(), 9U);
}

TEST_F(ImportWhisper, ImportingAgainGivesTheSameBytes) {
  ASSERT_TRUE(import().ok());
  const std::string before = read_file(dst() / "decoder.onnx_data", 1 << 20).value();
  ASSERT_TRUE(import().ok());
  EXPECT_EQ(read_file(dst() / "decoder.onnx_data", 1 << 20).value(), before);
  EXPECT_EQ(names_in(dst()).size(), 9U);
}

TEST_F(ImportWhisper, RefusesWhatIsMissingOrOfAnotherShape) {
  for (const char* name : {"encoder/conv2/weight", "decoder/layer_1/attention/linear_1/bias",
                           "decoder/layer_0/ffn/linear_0/weight",
                           "encoder/position_encodings/encodings", "decoder/layer_norm/gamma"}) {
    Checkpoint c = whisper_checkpoint();
    c.variables.erase(name);
    ASSERT_TRUE(write_checkpoint(src(), c).ok());
    expect_refused(fmt::format("model.bin: expected a variable {}, found none", name));
  }
  Checkpoint c = whisper_checkpoint();
  c.variables["decoder/layer_1/ffn/linear_1/bias"] = testing::float_variable({3}, {1, 2, 3});
  ASSERT_TRUE(write_checkpoint(src(), c).ok());
  expect_refused("expected decoder/layer_1/ffn/linear_1/bias of shape [16], found [3]");

  c = whisper_checkpoint();
  c.variables["decoder/num_heads"] = testing::int16_scalar(5);
  ASSERT_TRUE(write_checkpoint(src(), c).ok());
  expect_refused("expected decoder/num_heads to divide the width of 16, found 5");

  c = whisper_checkpoint();
  c.spec = "TransformerSpec";
  ASSERT_TRUE(write_checkpoint(src(), c).ok());
  expect_refused("expected a Whisper model (WhisperSpec), found TransformerSpec");
}

TEST_F(ImportWhisper, RefusesACheckpointThatIsCutOff) {
  const std::string whole = whisper_checkpoint().serialize();
  for (const size_t size : {size_t{0}, size_t{3}, whole.size() / 2, whole.size() - 1}) {
    ASSERT_TRUE(write_file(src() / "model.bin", whole.substr(0, size)).ok());
    expect_refused("cut off?");
  }
  ASSERT_TRUE(write_file(src() / "model.bin", "#!/bin/sh\necho not a model\n").ok());
  expect_refused("expected a CTranslate2 model");
  fs::remove(src() / "model.bin");
  expect_refused("src: expected a CTranslate2 checkpoint");
  fs::create_directory(src() / "model.bin");
  expect_refused("model.bin: expected a file, found a directory");
}

TEST_F(ImportWhisper, RefusesSideFilesThatDoNotFit) {
  const Checkpoint c = whisper_checkpoint();
  ASSERT_TRUE(write_checkpoint(src(), c, testing::tokenizer_json(291)).ok());
  expect_refused("tokenizer.json: expected <|notimestamps|> below the model's vocabulary of 300");
  ASSERT_TRUE(write_checkpoint(src(), c, "{ not json").ok());
  expect_refused("tokenizer.json: ");
  ASSERT_TRUE(write_checkpoint(src(), c, testing::tokenizer_json(), "[]").ok());
  expect_refused("config.json: expected a JSON object, found array");
  ASSERT_TRUE(
      write_checkpoint(src(), c, testing::tokenizer_json(), R"({"alignment_heads":[[2,0]]})").ok());
  expect_refused("`alignment_heads`: expected pairs of a layer below 2 and a head below 2");
  ASSERT_TRUE(
      write_checkpoint(src(), c, testing::tokenizer_json(), R"({"suppress_ids":[300]})").ok());
  expect_refused("`suppress_ids`: expected token ids below 300, found 300");
  fs::remove(src() / "tokenizer.json");
  expect_refused("tokenizer.json: expected the tokenizer beside model.bin");
  fs::remove(src() / "config.json");
  expect_refused("config.json: ");
}

TEST_F(ImportWhisper, RefusesADestinationThatIsNoOtherFolder) {
  EXPECT_THAT(std::string(import_whisper(src(), src(), {}).message()),
              HasSubstr("expected another folder to write to"));
  ASSERT_TRUE(write_file(folder_ / "file", "text").ok());
  EXPECT_THAT(std::string(import_whisper(src(), folder_ / "file", {}).message()),
              HasSubstr("expected a folder to write to, found a file"));
  EXPECT_FALSE(import_whisper(src(), folder_ / "file" / "dst", {}).ok());
  EXPECT_FALSE(import({.dtype = DType::kInt8}).ok());
  EXPECT_THAT(names_in(folder_), UnorderedElementsAre("src", "file"));
}

TEST_F(ImportWhisper, MakesParentsOnlyIfItSucceeds) {
  EXPECT_TRUE(import_whisper(src(), folder_ / "a" / "b" / "dst/", {}).ok());
  EXPECT_TRUE(fs::exists(folder_ / "a" / "b" / "dst" / "encoder_model.onnx"));
}

// RLIMIT_FSIZE stands for the full disk: writes beyond it fail.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(ImportWhisper, LeavesNothingWhenTheDiskIsFull) {
  for (const rlim_t bytes : {rlim_t{100}, rlim_t{10000}, rlim_t{30000}}) {
    const FileSizeLimit limit(bytes);
    const Status status = import_whisper(src(), folder_ / "new" / "dst", {});
    ASSERT_FALSE(status.ok()) << bytes;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write"));
    EXPECT_THAT(names_in(folder_), UnorderedElementsAre("src"));
  }
  ASSERT_TRUE(import().ok());
  const auto before = names_in(dst());
  const FileSizeLimit limit(10000);
  EXPECT_FALSE(import().ok());
  EXPECT_EQ(names_in(dst()), before);
  EXPECT_EQ(read(dst() / "decoder_model.onnx").graph.outputs.size(), 9U);
}

}  // namespace
}  // namespace escuta::convert
