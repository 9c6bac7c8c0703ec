#include "convert/whisper.h"

#include <unordered_set>

#include "base/log.h"
#include "convert/ctranslate2.h"
#include "convert/side_files.h"
#include "convert/staged_folder.h"
#include "convert/weights.h"
#include "convert/whisper_graph.h"
#include "onnx/writer.h"

namespace escuta::convert {
namespace {

namespace fs = std::filesystem;

// IR 8 goes with opset 17, the first with LayerNormalization (onnx, Versioning.md).
constexpr int64_t kIrVersion = 8;
constexpr int64_t kOpset = 17;

// A graph and the file that it goes to.
struct NamedGraph {
  std::string file;
  GraphBuilder builder;
};

// Graphs that share one file of weights.
struct Group {
  std::string data_file;
  InitializerPool pool;
  std::vector<NamedGraph> graphs;
};

Status write_group(const Ct2File& file, Group& group, const fs::path& folder) {
  ASSIGN_OR_RETURN(auto data, onnx::ExternalDataWriter::create(folder, group.data_file));
  RETURN_IF_ERROR(group.pool.write(file, data));
  RETURN_IF_ERROR(data.commit());
  for (const NamedGraph& named : group.graphs) {
    onnx::Model model;
    model.ir_version = kIrVersion;
    model.opset_imports = {{"", kOpset}};
    model.producer_name = "escuta";
    model.producer_version = ESCUTA_VERSION;
    model.graph = named.builder.graph();
    model.graph.name = fs::path(named.file).stem().string();
    model.graph.initializers = group.pool.tensors(named.builder.initializers());
    RETURN_IF_ERROR(onnx::write_model(model, folder / named.file));
  }
  return Status();
}

void warn_of_unused(const Ct2File& file, const Group& encoder, const Group& decoder) {
  std::unordered_set<std::string> used;
  encoder.pool.collect_variables(used);
  decoder.pool.collect_variables(used);
  for (const Ct2Variable& variable : file.variables()) {
    if (variable.shape.rank() > 0 && !used.contains(variable.name)) {
      log_warning("{}: left out {} {}, which Whisper has no place for", file.name(), variable.name,
                  variable.shape.to_string());
    }
  }
}

class Import {
 public:
  Import(const Ct2File& file, const WhisperSizes& sizes, const ImportOptions& options)
      : file_(file),
        suffix_(options.dtype == DType::kFloat16 ? "_fp16" : ""),
        encoder_{"encoder" + suffix_ + ".onnx_data", InitializerPool(options.dtype), {}},
        decoder_{"decoder" + suffix_ + ".onnx_data", InitializerPool(options.dtype), {}} {
    build_encoder(sizes, add_graph(encoder_, "encoder_model"));
    if (options.merged) {
      build_merged_decoder(sizes, add_graph(decoder_, "decoder_model_merged"));
      obsolete_ = {graph_file("decoder_model"), graph_file("decoder_with_past_model")};
    } else {
      build_decoder(sizes, DecoderPart::kFirst, add_graph(decoder_, "decoder_model"));
      build_decoder(sizes, DecoderPart::kWithPast, add_graph(decoder_, "decoder_with_past_model"));
      obsolete_ = {graph_file("decoder_model_merged")};
    }
  }

  Status check() const {
    RETURN_IF_ERROR(encoder_.pool.check(file_));
    RETURN_IF_ERROR(decoder_.pool.check(file_));
    warn_of_unused(file_, encoder_, decoder_);
    return Status();
  }

  Status write(const std::vector<std::pair<std::string, std::string>>& side_files,
               const fs::path& dst) {
    ASSIGN_OR_RETURN(StagedFolder folder, StagedFolder::create(dst));
    // Weights before what refers to them.
    std::vector<std::string> names = {encoder_.data_file, decoder_.data_file};
    for (const auto& [name, content] : side_files) {
      RETURN_IF_ERROR(write_file(folder.path() / name, content));
      names.push_back(name);
    }
    for (Group* const group : {&encoder_, &decoder_}) {
      RETURN_IF_ERROR(write_group(file_, *group, folder.path()));
      for (const NamedGraph& named : group->graphs) names.push_back(named.file);
    }
    return folder.commit(names, obsolete_);
  }

 private:
  std::string graph_file(const std::string& name) const { return name + suffix_ + ".onnx"; }
  GraphBuilder& add_graph(Group& group, const std::string& name) {
    return group.graphs.emplace_back(NamedGraph{graph_file(name), GraphBuilder(group.pool, "")})
        .builder;
  }

  const Ct2File& file_;
  std::string suffix_;
  Group encoder_, decoder_;
  std::vector<std::string> obsolete_;  // the other form of the decoder, which would be stale
};

}  // namespace

Status import_whisper(const fs::path& src, const fs::path& dst, const ImportOptions& options) {
  if (options.dtype != DType::kFloat && options.dtype != DType::kFloat16) {
    return invalid_argument("expected float or float16 as the type to import to, found {}",
                            dtype_name(options.dtype));
  }
  std::error_code error;
  if (fs::equivalent(src, dst, error)) {
    return invalid_argument("{}: expected another folder to write to than the one to read",
                            dst.string());
  }
  if (!fs::exists(src / "model.bin", error)) {
    return not_found(
        "{}: expected a CTranslate2 checkpoint (model.bin, config.json, tokenizer.json), found no "
        "model.bin",
        src.string());
  }
  ASSIGN_OR_RETURN(const Ct2File file, Ct2File::open(src / "model.bin"));
  ASSIGN_OR_RETURN(const WhisperSizes sizes, read_sizes(file));
  Import import(file, sizes, options);
  RETURN_IF_ERROR(import.check());
  ASSIGN_OR_RETURN(const auto side_files, make_side_files(src, sizes));
  return import.write(side_files, dst);
}

}  // namespace escuta::convert
