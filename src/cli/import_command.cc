#include "cli/import_command.h"

#include <filesystem>
#include <memory>

#include "base/log.h"
#include "convert/whisper.h"

namespace escuta::cli {
namespace {

struct Arguments {
  std::filesystem::path src, out;
  std::string type = "fp32";
  bool merged = false;
};

int run_import(const Arguments& arguments) {
  const convert::ImportOptions options = {
      .dtype = arguments.type == "fp16" ? DType::kFloat16 : DType::kFloat,
      .merged = arguments.merged};
  const Status status = convert::import_whisper(arguments.src, arguments.out, options);
  if (status.ok()) {
    log_info("{}: imported to {}", arguments.src.string(), arguments.out.string());
    return kDone;
  }
  // A full disk says nothing about the model.
  const bool no_room = status.code() == StatusCode::kResourceExhausted;
  return fail(no_room ? kSomeFailed : kUnusable, status);
}

}  // namespace

void add_import_command(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("import", "Turn a CTranslate2 Whisper checkpoint into an ONNX folder");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("SRC", arguments->src,
                   "folder with model.bin, config.json and tokenizer.json, as CTranslate2 has it")
      ->required();
  command
      ->add_option("OUT", arguments->out,
                   "folder to write, in the layout of Hugging Face's exporters; an import that is "
                   "there is replaced")
      ->required();
  command
      ->add_option("--type", arguments->type,
                   "type of the weights; fp16 files get the suffix _fp16, so that both types fit "
                   "in one folder")
      ->check(CLI::IsMember({"fp32", "fp16"}))
      ->capture_default_str();
  command->add_flag(
      "--merged", arguments->merged,
      "one decoder_model_merged instead of decoder_model and decoder_with_past_model");
  context.on_command(command, [arguments] { return run_import(*arguments); });
}

}  // namespace escuta::cli
