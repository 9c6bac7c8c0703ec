#include "cli/transcribe_command.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/decoding_options.h"
#include "cli/input_options.h"
#include "cli/job_options.h"
#include "cli/language_options.h"
#include "cli/layout_options.h"
#include "cli/outputs.h"
#include "cli/speech_options.h"
#include "cli/transcription.h"
#include "cli/word_options.h"
#include "cli/wording_options.h"

namespace escuta::cli {
namespace {

struct Options {
  InputOptions inputs;
  JobOptions jobs;
  std::string model;
  std::string variant;
  std::string decoder = "auto";
  std::string output_folder = "-";
  std::string formats;  // empty: txt
  std::string task = "transcribe";
  bool no_timestamps = false;
  LanguageOptions language;
  WordingOptions wording;
  DecodingOptions decoding;
  SpeechOptions speech;
  LayoutOptions layout;
  WordOptions words;
  size_t batch_size = 1;
  std::string progress = "auto";
};

// Set by the first Ctrl-C: the file at hand is given up in order. The second one ends the program.
std::atomic<bool> interrupted{false};

void on_interrupt(int) {
  interrupted = true;
  std::signal(SIGINT, SIG_DFL);
}

Result<whisper::DecoderForm> parse_decoder_form(const std::string& name) {
  if (name == "auto") return whisper::DecoderForm::kAuto;
  if (name == "pair") return whisper::DecoderForm::kPair;
  if (name == "merged") return whisper::DecoderForm::kMerged;
  return invalid_argument("--decoder: expected auto, pair or merged, found `{}`", name);
}

Result<whisper::Task> parse_task(const std::string& name) {
  if (name == "transcribe") return whisper::Task::kTranscribe;
  if (name == "translate") return whisper::Task::kTranslate;
  return invalid_argument("--task: expected transcribe or translate, found `{}`", name);
}

// Everything that was typed, understood; wrong usage is found here, before a model is loaded.
struct Job {
  TranscriptionPlan plan;
  size_t problems = 0;           // what could not become an input
  std::filesystem::path folder;  // empty: standard output
  std::filesystem::path journal;
  bool retry_failed = false;
  whisper::LoadOptions load;
  pipeline::TranscribeOptions transcribe;
  bool vad = true;
  std::filesystem::path vad_model;  // empty: the one that is part of the program
};

// Where results go, and what keeps account of them.
Status understand_outputs(const Options& options, Job& job) {
  TranscriptionPlan& plan = job.plan;
  ASSIGN_OR_RETURN(plan.formats,
                   pipeline::parse_formats(options.formats.empty() ? "txt" : options.formats));
  ASSIGN_OR_RETURN(plan.progress, parse_progress_mode(options.progress));
  ASSIGN_OR_RETURN(plan.layout, understand_layout(options.layout, plan.formats));
  plan.interrupted = &interrupted;
  plan.manifest_out = options.jobs.manifest_out;
  job.journal = options.jobs.journal;
  job.retry_failed = options.jobs.retry_failed;
  const bool to_stdout = options.output_folder == "-";
  if (to_stdout && plan.formats.size() > 1) {
    return invalid_argument(
        "--format: expected one format for standard output, found `{}`; give "
        "a folder with -o to write several",
        options.formats);
  }
  if (to_stdout && !job.journal.empty()) {
    return invalid_argument(
        "--jobs: expected a folder for the results (-o); what went to standard output cannot be "
        "continued");
  }
  if (job.retry_failed && job.journal.empty()) {
    return invalid_argument("--retry-failed: expected --jobs beside it; without, it has no effect");
  }
  if (!to_stdout) job.folder = options.output_folder;
  return Status();
}

// Which files, and what their results are called.
Status understand_inputs(const InputOptions& options, Job& job) {
  ASSIGN_OR_RETURN(Inputs inputs, collect_inputs(options));
  job.problems = inputs.problems.size();
  for (const Status& problem : inputs.problems) print_error(problem);
  job.plan.inputs = std::move(inputs.inputs);
  if (job.folder.empty()) return Status();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, jobs::output_names(job.plan.inputs));
  for (const std::string& name : names) job.plan.bases.push_back(job.folder / name);
  return Status();
}

Result<Job> understand(const Options& options) {
  Job job;
  RETURN_IF_ERROR(understand_outputs(options, job));
  ASSIGN_OR_RETURN(job.load.decoder, parse_decoder_form(options.decoder));
  job.load.variant = options.variant;
  ASSIGN_OR_RETURN(job.transcribe.decoding.task, parse_task(options.task));
  job.transcribe.decoding.timestamps = !options.no_timestamps;
  RETURN_IF_ERROR(understand_language(options.language, job.transcribe));
  RETURN_IF_ERROR(understand_wording(options.wording, job.transcribe));
  RETURN_IF_ERROR(understand_decoding(options.decoding, job.transcribe.decoding));
  ASSIGN_OR_RETURN(job.transcribe.speech, understand_speech(options.speech));
  WordOptions words = options.words;
  words.words |= needs_words(job.plan.layout);
  RETURN_IF_ERROR(understand_words(words, job.transcribe));
  job.load.align = job.transcribe.words;
  job.vad = options.speech.vad;
  job.vad_model = options.speech.model;
  job.transcribe.batch_size = options.batch_size;
  RETURN_IF_ERROR(understand_inputs(options.inputs, job));
  return job;
}

// The languages of a manifest are wrong usage, too, where the model does not have them.
Status check_languages(const pipeline::Transcriber& transcriber, const Job& job) {
  RETURN_IF_ERROR(transcriber.check(job.transcribe));
  std::set<std::string> checked;
  for (const jobs::Input& input : job.plan.inputs) {
    if (input.language.empty() || !checked.insert(input.language).second) continue;
    pipeline::TranscribeOptions options = job.transcribe;
    options.language = input.language;
    RETURN_IF_ERROR(transcriber.check(options).with_context(input.path.string()));
  }
  return Status();
}

// Opens the journal and adds the jobs to it, and says what it knew of them.
Result<std::unique_ptr<jobs::Journal>> open_journal(const Job& job, const Json& settings) {
  ASSIGN_OR_RETURN(std::unique_ptr<jobs::Journal> journal, jobs::Journal::open(job.journal));
  std::vector<jobs::JobRequest> requests;
  for (size_t i = 0; i < job.plan.inputs.size(); ++i) {
    requests.push_back(request_of(job.plan.inputs[i], job.plan.bases[i],
                                  output_files(job.plan.bases[i], job.plan.formats), settings));
  }
  ASSIGN_OR_RETURN(const jobs::JobPlan plan, journal->add(requests, job.retry_failed));
  for (const std::string& line : plan_lines(plan)) {
    std::fprintf(stderr, "journal %s: %s\n", job.journal.c_str(), line.c_str());
  }
  return journal;
}

int run_transcribe(const Options& options, const CLI::App& command, Context& context) {
  Result<Job> job = understand(options);
  if (!job.ok()) return fail(kUsage, job.status());
  Result<engine::SessionOptions> session = context.session_options();
  if (!session.ok()) return fail(kUsage, session.status());
  job->load.session = std::move(*session);
  if (!job->folder.empty()) {
    if (const Status status = prepare_output_folder(job->folder); !status.ok()) {
      return fail(kSomeFailed, status);
    }
  }
  const auto transcriber =
      pipeline::Transcriber::create(context.registry(), options.model, job->load);
  if (!transcriber.ok()) return fail(kUnusable, transcriber.status());
  if (const Status status = check_languages(*transcriber, *job); !status.ok()) {
    return fail(kUsage, status);
  }
  if (job->vad) {
    auto model = job->vad_model.empty()
                     ? silero::VadModel::load(context.registry())
                     : silero::VadModel::load(context.registry(), job->vad_model);
    if (!model.ok()) return fail(kUnusable, model.status());
    job->transcribe.vad = std::move(*model);
  }
  std::unique_ptr<jobs::Journal> journal;
  if (!job->journal.empty()) {
    auto opened = open_journal(*job, settings_of(command, options.model));
    if (!opened.ok()) return fail(kSomeFailed, opened.status());
    journal = std::move(*opened);
  }
  std::signal(SIGINT, on_interrupt);
  return Transcription(job->plan, *transcriber, job->transcribe, journal.get()).run(job->problems);
}

void add_options(CLI::App& command, Options& o) {
  add_input_options(command, o.inputs);
  command.add_option("-m,--model", o.model, "Folder with encoder, decoder and tokenizer")
      ->required()
      ->type_name("FOLDER");
  command
      .add_option("-o,--output-dir", o.output_folder,
                  "Write FOLDER/<name>.<format> per input, folders like the inputs'; `-`: standard "
                  "output")
      ->type_name("FOLDER");
  command
      .add_option("-f,--format", o.formats,
                  "txt, srt, vtt, json, tsv, lrc, ass, ttml, audacity; several with commas when -o "
                  "names a folder")
      ->type_name("LIST");
  command.add_option("--task", o.task, "transcribe, or translate (to English)")
      ->capture_default_str();
  command.add_flag("--no-timestamps", o.no_timestamps,
                   "Let the model write text only: one segment per 30 s window");
  command
      .add_option("--batch-size", o.batch_size,
                  "Windows decoded together, of all files; over 1, files are cut at quiet moments")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--variant", o.variant,
                     "Suffix of the graph files: fp16 takes encoder_model_fp16.onnx");
  command.add_option("--decoder", o.decoder, "pair (decoder + decoder_with_past), merged, or auto")
      ->capture_default_str();
  command.add_option("--progress", o.progress, "auto: on a terminal; on; off")
      ->capture_default_str();
  add_job_options(command, o.jobs);
  add_language_options(command, o.language);
  add_wording_options(command, o.wording);
  add_decoding_options(command, o.decoding);
  add_layout_options(command, o.layout);
  add_speech_options(command, o.speech);
  add_word_options(command, o.words);
}

}  // namespace

void add_transcribe_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("transcribe", "Write down what is said in audio files");
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  escuta transcribe talk.mp3 -m models/base                  the words on standard output\n"
      "  escuta transcribe *.m4a -m models/base -o out -f srt,txt   subtitles and text per file\n"
      "  escuta transcribe -r talks -m models/base -o out --jobs talks.jobs   a folder; goes on "
      "when run again\n"
      "  escuta transcribe film.mkv -m models/base -l de --task translate -f vtt > film.vtt");
  context.on_command(command, [options, command, &context] {
    return run_transcribe(*options, *command, context);
  });
}

}  // namespace escuta::cli
