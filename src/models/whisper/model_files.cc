#include "models/whisper/model_files.h"

#include <fmt/ranges.h>

#include <set>
#include <system_error>

namespace escuta::whisper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEncoder = "encoder_model";
constexpr std::string_view kExtension = ".onnx";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The suffixes of encoder_model*.onnx in `folder`: "" , "_fp16", ...
std::set<std::string> variants_in(const fs::path& folder) {
  std::set<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(kEncoder) && name.ends_with(kExtension)) {
      found.insert(name.substr(kEncoder.size(), name.size() - kEncoder.size() - kExtension.size()));
    }
  }
  return found;
}

Result<std::string> choose_suffix(const fs::path& folder, const std::string& variant) {
  const std::set<std::string> found = variants_in(folder);
  if (!variant.empty()) {
    if (found.contains("_" + variant)) return "_" + variant;
  } else {
    if (found.contains("")) return std::string();
    if (found.size() == 1) return *found.begin();
  }
  return not_found(
      "{}: expected encoder_model{}.onnx, found variants: {}; choose one with --variant",
      folder.string(), variant.empty() ? "" : "_" + variant,
      fmt::format("{}", fmt::join(found, ", ")));
}

Result<fs::path> graph_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) {
    return not_found(
        "{}: expected a model folder, found nothing there; "
        "`./run models tiny.en` brings a model",
        folder.string());
  }
  if (!fs::is_directory(folder, ignored)) {
    return invalid_argument(
        "{}: expected a model folder, found a file; give the folder that has "
        "encoder_model.onnx in it",
        folder.string());
  }
  for (const fs::path& candidate : {folder, folder / "onnx"}) {
    if (!variants_in(candidate).empty()) return candidate;
  }
  if (is_file(folder / "model.bin")) {
    return not_found(
        "{}: expected encoder_model.onnx, found a CTranslate2 checkpoint; convert it "
        "with `escuta import {} OUT`",
        folder.string(), folder.string());
  }
  return not_found("{}: expected encoder_model.onnx there or in its folder onnx/, found neither",
                   folder.string());
}

}  // namespace

Result<ModelFiles> find_model_files(const fs::path& folder, const std::string& variant,
                                    DecoderForm form) {
  ASSIGN_OR_RETURN(const fs::path graphs, graph_folder(folder));
  ASSIGN_OR_RETURN(const std::string suffix, choose_suffix(graphs, variant));
  const auto named = [&](std::string_view stem) {
    return graphs / fmt::format("{}{}{}", stem, suffix, kExtension);
  };
  const fs::path decoder = named("decoder_model");
  const fs::path with_past = named("decoder_with_past_model");
  const fs::path merged = named("decoder_model_merged");
  const bool has_pair = is_file(decoder) && is_file(with_past);
  if (has_pair && form != DecoderForm::kMerged)
    return ModelFiles{named(kEncoder), decoder, with_past};
  if (is_file(merged) && form != DecoderForm::kPair) return ModelFiles{named(kEncoder), merged, {}};
  if (is_file(decoder) && !is_file(with_past)) {
    return not_found(
        "{}: expected decoder_with_past_model{}.onnx beside decoder_model, found none; "
        "export the model with past (task automatic-speech-recognition-with-past)",
        graphs.string(), suffix);
  }
  return not_found(
      "{}: expected {}, found none", graphs.string(),
      form == DecoderForm::kPair
          ? fmt::format("decoder_model{0}.onnx and decoder_with_past_model{0}.onnx", suffix)
      : form == DecoderForm::kMerged
          ? fmt::format("decoder_model_merged{}.onnx", suffix)
          : fmt::format("decoder_model{0}.onnx with decoder_with_past_model{0}.onnx, or "
                        "decoder_model_merged{0}.onnx",
                        suffix));
}

}  // namespace escuta::whisper
