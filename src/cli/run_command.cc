#include "cli/run_command.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/clock.h"
#include "base/json.h"
#include "cli/model_inputs.h"
#include "cli/outputs.h"
#include "cli/tensor_summary.h"
#include "tensor/npy.h"

namespace escuta::cli {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> inputs, dims, provider_options, session_config;
  uint64_t seed = 0;
  std::string output_folder, profile, save_optimized;
  std::string optimization = "all", execution_mode = "sequential", format = "text";
  int inter_op_threads = 0;
  int repeat = 1;
  bool no_arena = false, no_mem_pattern = false;
};

// What went wrong, and the exit code that stands for it.
struct Failure {
  ExitCode code = kDone;
  Status status;
};

Status add_pairs(std::string_view option, std::span<const std::string> texts,
                 std::map<std::string, std::string>& out) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid_argument("{}: expected KEY=VALUE, found `{}`", option, text);
    }
    out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return Status();
}

Status set_compile_options(const Options& options, engine::CompileOptions& out) {
  const std::map<std::string, engine::OptimizationLevel> levels = {
      {"none", engine::OptimizationLevel::kNone},
      {"basic", engine::OptimizationLevel::kBasic},
      {"extended", engine::OptimizationLevel::kExtended},
      {"all", engine::OptimizationLevel::kAll}};
  out.optimization = levels.at(options.optimization);
  out.execution_mode = options.execution_mode == "parallel" ? engine::ExecutionMode::kParallel
                                                            : engine::ExecutionMode::kSequential;
  out.inter_op_threads = options.inter_op_threads;
  out.memory_arena = !options.no_arena;
  out.memory_pattern = !options.no_mem_pattern;
  out.optimized_model = options.save_optimized;
  RETURN_IF_ERROR(add_pairs("--provider-option", options.provider_options, out.provider_options));
  return add_pairs("--session-config", options.session_config, out.session_config);
}

// The provider names its trace file itself, after a prefix; this gives it the name that was asked
// for, and leaves nothing behind when there is none.
class ProfileFile {
 public:
  explicit ProfileFile(const std::filesystem::path& target)
      : target_(target), prefix_(fmt::format(".escuta-profile-{}", ::getpid())) {}
  ~ProfileFile() {
    if (target_.empty()) return;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder(), error)) {
      std::error_code ignored;
      if (entry.path().filename().string().starts_with(prefix_)) {
        std::filesystem::remove(entry.path(), ignored);
      }
    }
  }
  ProfileFile(const ProfileFile&) = delete;
  ProfileFile& operator=(const ProfileFile&) = delete;

  std::filesystem::path prefix() const {
    return target_.empty() ? std::filesystem::path() : folder() / prefix_;
  }
  Status keep(engine::Session& session) const {
    if (target_.empty()) return Status();
    const Result<std::filesystem::path> made = session.end_profiling();
    if (!made.ok()) return made.status().with_context(target_.string());
    std::error_code error;
    std::filesystem::rename(*made, target_, error);
    return error ? errno_status(error.value(), target_.string() + ": cannot write") : Status();
  }

 private:
  std::filesystem::path folder() const {
    return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  }
  std::filesystem::path target_;
  std::string prefix_;
};

// An output's name as a file name: a graph's names may hold anything, "/" and ".." too.
std::string file_name(const std::string& name, size_t index) {
  std::string safe;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ||
                       (c == '.' && !safe.empty());
    safe += plain ? c : '_';
  }
  safe.resize(std::min<size_t>(safe.size(), 200));
  return safe.empty() ? std::to_string(index) : safe;
}

struct Timing {
  double load_ms = 0;
  std::vector<double> run_ms;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string number(std::optional<double> value) {
  return value ? fmt::format("{:.6g}", *value) : "-";
}

class ModelRun {
 public:
  ModelRun(const Options& options, Context& context) : options_(options), context_(context) {}

  Failure run() {
    const Status usage = understand();
    if (!usage.ok()) return {kUsage, usage};
    const ProfileFile profile(options_.profile);
    session_options_.compile.profile = profile.prefix();
    const Stopwatch load_clock;
    auto session = engine::Session::load(context_.registry(), options_.model, session_options_);
    if (!session.ok()) return {kUnusable, session.status()};
    timing_.load_ms = load_clock.ms();
    const auto inputs = make_inputs((*session)->inputs(), specs_, dims_, options_.seed);
    if (!inputs.ok()) {
      const bool file = inputs.status().code() != StatusCode::kInvalidArgument;
      return {file ? kSomeFailed : kUsage, inputs.status()};
    }
    const Status ran = run_all(**session, *inputs);
    if (ran.code() == StatusCode::kInvalidArgument) return {kUsage, ran};
    if (!ran.ok()) return {kUnusable, ran};
    const Status kept = profile.keep(**session);
    if (!kept.ok()) return {kSomeFailed, kept};
    const Status written = write(**session);
    return {written.ok() ? kDone : kSomeFailed, written};
  }

 private:
  Status understand() {
    ASSIGN_OR_RETURN(session_options_, context_.session_options());
    RETURN_IF_ERROR(set_compile_options(options_, session_options_.compile));
    ASSIGN_OR_RETURN(dims_, parse_dims(options_.dims));
    for (const std::string& text : options_.inputs) {
      ASSIGN_OR_RETURN(InputSpec spec, parse_input(text));
      for (const InputSpec& other : specs_) {
        if (other.name != spec.name) continue;
        return invalid_argument("--input: expected each name once, found `{}` twice", spec.name);
      }
      specs_.push_back(std::move(spec));
    }
    return Status();
  }

  Status run_all(const engine::Session& session, const std::vector<engine::Value>& inputs) {
    for (int i = 0; i < options_.repeat; ++i) {
      outputs_.clear();
      const Stopwatch clock;
      ASSIGN_OR_RETURN(outputs_, session.run(inputs));
      timing_.run_ms.push_back(clock.ms());
    }
    return Status();
  }

  Status write(const engine::Session& session) {
    std::vector<Tensor> tensors;
    for (const engine::Value& value : outputs_) {
      ASSIGN_OR_RETURN(Tensor tensor, value.to_host());
      tensors.push_back(std::move(tensor));
    }
    std::vector<std::string> files;
    if (!options_.output_folder.empty()) {
      RETURN_IF_ERROR(prepare_output_folder(options_.output_folder));
      for (size_t i = 0; i < tensors.size(); ++i) {
        std::string name = file_name(session.outputs()[i].name, i);
        if (std::find(files.begin(), files.end(), name) != files.end()) {
          name += fmt::format("_{}", i);
        }
        RETURN_IF_ERROR(write_npy(std::filesystem::path(options_.output_folder) / (name + ".npy"),
                                  tensors[i].view()));
        files.push_back(std::move(name));
      }
    }
    return write_stdout(options_.format == "json" ? as_json(session, tensors)
                                                  : as_text(session, tensors));
  }

  std::string as_text(const engine::Session& session, std::span<const Tensor> tensors) const {
    std::string text = options_.model + " on";
    for (const engine::Placement& place : session.placements()) {
      if (place.nodes > 0) text += fmt::format(" {} ({} nodes)", place.provider, place.nodes);
    }
    const auto& runs = timing_.run_ms;
    text += fmt::format(": load {:.1f} ms, run {:.3f} ms", timing_.load_ms, median(runs));
    if (runs.size() > 1) {
      text += fmt::format(" (median of {}; fastest {:.3f})", runs.size(),
                          *std::min_element(runs.begin(), runs.end()));
    }
    text += '\n';
    for (size_t i = 0; i < tensors.size(); ++i) {
      text += fmt::format("{}  {} {}", session.outputs()[i].name, dtype_name(tensors[i].dtype()),
                          tensors[i].shape().to_string());
      if (const auto summary = summarize(tensors[i].view()); summary.ok()) {
        text += fmt::format("  min {} mean {} max {}", number(summary->min), number(summary->mean),
                            number(summary->max));
        if (summary->nan > 0) text += fmt::format("  NaN {}", summary->nan);
        text += "  first";
        for (const double value : summary->first) text += " " + number(value);
      }
      text += '\n';
    }
    return text;
  }

  std::string as_json(const engine::Session& session, std::span<const Tensor> tensors) const {
    Json json;
    json["model"] = options_.model;
    json["provider"] = Json::array();
    for (const engine::Placement& place : session.placements()) {
      json["provider"].push_back(
          {{"name", place.provider}, {"nodes", place.nodes}, {"reason", place.reason}});
    }
    const auto& runs = timing_.run_ms;
    json["timing"] = {{"load_ms", timing_.load_ms},
                      {"runs", runs.size()},
                      {"run_ms", median(runs)},
                      {"min_ms", *std::min_element(runs.begin(), runs.end())}};
    json["outputs"] = Json::array();
    for (size_t i = 0; i < tensors.size(); ++i) {
      Json output = {{"name", session.outputs()[i].name},
                     {"dtype", dtype_name(tensors[i].dtype())}};
      output["shape"] = tensors[i].shape().dims();
      if (const auto summary = summarize(tensors[i].view()); summary.ok()) {
        output["min"] = summary->min ? Json(*summary->min) : Json();
        output["mean"] = summary->mean ? Json(*summary->mean) : Json();
        output["max"] = summary->max ? Json(*summary->max) : Json();
        output["nan"] = summary->nan;
        output["first"] = summary->first;
      }
      json["outputs"].push_back(std::move(output));
    }
    return json_dump(json) + "\n";
  }

  const Options& options_;
  Context& context_;
  engine::SessionOptions session_options_;
  std::vector<InputSpec> specs_;
  DimSizes dims_;
  std::vector<engine::Value> outputs_;
  Timing timing_;
};

void add_options(CLI::App& command, Options& o) {
  command.add_option("model", o.model, "The model file")->required()->type_name("MODEL.onnx");
  // One value a time, so that `--input a=b c=d` is not read as two inputs.
  const auto many = [&](const char* flag, std::vector<std::string>& values, const char* what,
                        const char* type) {
    command.add_option(flag, values, what)->type_name(type)->expected(1)->take_all();
  };
  many("--input", o.inputs,
       "An input: a NumPy file, or random, zeros or ones, with a shape where the model leaves it "
       "open (random:2x80x3000)",
       "NAME=FILE.npy|NAME=random");
  many("--dim", o.dims, "Size of a symbolic dimension, for made-up inputs", "NAME=SIZE");
  command.add_option("--seed", o.seed, "Of random inputs")->capture_default_str();
  command.add_option("--output-dir", o.output_folder, "Write each output as FOLDER/<name>.npy")
      ->type_name("FOLDER");
  command.add_option("--repeat", o.repeat, "Runs, for timing")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command.add_option("-f,--format", o.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.add_option("--profile", o.profile, "Write a trace of every operator (Chrome's format)")
      ->type_name("FILE.json");
  command.add_option("--optimization", o.optimization, "Rewrites of the graph")
      ->check(CLI::IsMember({"none", "basic", "extended", "all"}))
      ->capture_default_str();
  command.add_option("--save-optimized", o.save_optimized, "Write the graph as it was rewritten")
      ->type_name("FILE.onnx");
  command.add_option("--execution-mode", o.execution_mode, "Operators one by one, or side by side")
      ->check(CLI::IsMember({"sequential", "parallel"}))
      ->capture_default_str();
  command.add_option("--inter-op-threads", o.inter_op_threads, "Threads across operators")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_flag("--no-arena", o.no_arena, "Give memory back after each use");
  command.add_flag("--no-mem-pattern", o.no_mem_pattern, "Do not plan memory from the first run");
  many("--provider-option", o.provider_options, "An option of the provider's own", "KEY=VALUE");
  many("--session-config", o.session_config, "An entry of ONNX Runtime's session configuration",
       "KEY=VALUE");
}

}  // namespace

void add_run_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("run", "Run any ONNX model once, or several times");
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  escuta run encoder_model.onnx --input input_features=random --dim batch_size=1\n"
      "  escuta run model.onnx --input x=x.npy --output-dir out --profile trace.json");
  context.on_command(command, [options, &context]() -> int {
    const Failure failure = ModelRun(*options, context).run();
    return failure.status.ok() ? kDone : fail(failure.code, failure.status);
  });
}

}  // namespace escuta::cli
