#include "cli/transcribe_command.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/decoding_options.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/speech_options.h"
#include "cli/word_options.h"
#include "pipeline/transcriber.h"
#include "pipeline/writers.h"

namespace escuta::cli {
namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string model;
  std::string variant;
  std::string decoder = "auto";
  std::string output_folder = "-";
  std::string formats;  // empty: txt
  std::string language = "auto";
  std::string task = "transcribe";
  std::string prompt;
  bool no_timestamps = false;
  bool no_condition = false;
  DecodingOptions decoding;
  SpeechOptions speech;
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
  std::vector<std::string> inputs;
  std::vector<std::string> names;  // of output files, per input
  std::vector<pipeline::Format> formats;
  std::filesystem::path folder;  // empty: standard output
  ProgressMode progress = ProgressMode::kAuto;
  whisper::LoadOptions load;
  pipeline::TranscribeOptions transcribe;
  bool vad = true;
  std::filesystem::path vad_model;  // empty: the one that is part of the program
};

Result<Job> understand(const Options& options) {
  Job job;
  job.inputs = options.inputs;
  ASSIGN_OR_RETURN(job.formats,
                   pipeline::parse_formats(options.formats.empty() ? "txt" : options.formats));
  ASSIGN_OR_RETURN(job.progress, parse_progress_mode(options.progress));
  ASSIGN_OR_RETURN(job.load.decoder, parse_decoder_form(options.decoder));
  job.load.variant = options.variant;
  if (options.output_folder != "-") {
    job.folder = options.output_folder;
    ASSIGN_OR_RETURN(job.names, output_names(options.inputs));
  } else if (job.formats.size() > 1) {
    return invalid_argument(
        "--format: expected one format for standard output, found `{}`; give "
        "a folder with -o to write several",
        options.formats);
  }
  ASSIGN_OR_RETURN(job.transcribe.decoding.task, parse_task(options.task));
  job.transcribe.language = options.language;
  job.transcribe.decoding.timestamps = !options.no_timestamps;
  job.transcribe.condition_on_previous_text = !options.no_condition;
  job.transcribe.prompt = options.prompt;
  RETURN_IF_ERROR(understand_decoding(options.decoding, job.transcribe.decoding));
  ASSIGN_OR_RETURN(job.transcribe.speech, understand_speech(options.speech));
  RETURN_IF_ERROR(understand_words(options.words, job.transcribe));
  job.load.align = job.transcribe.words;
  job.vad = options.speech.vad;
  job.vad_model = options.speech.model;
  job.transcribe.batch_size = options.batch_size;
  job.transcribe.cancelled = [] { return interrupted.load(); };
  return job;
}

// The files of one command; each failure is told and the next one done.
class Transcription {
 public:
  Transcription(const Job& job, const pipeline::Transcriber& transcriber)
      : job_(job), transcriber_(transcriber), options_(job.transcribe) {
    options_.on_progress = [this](size_t file, double position_s, double duration_s) {
      if (file == shown_ && bar_) bar_->update(position_s, duration_s);
    };
  }

  int run() {
    const Stopwatch clock;
    const std::vector<std::filesystem::path> paths(job_.inputs.begin(), job_.inputs.end());
    show(0);
    transcriber_.transcribe_all(paths, options_,
                                [&](size_t i, Result<pipeline::Transcript> transcript) {
                                  return finish(i, std::move(transcript));
                                });
    bar_.reset();
    if (job_.progress != ProgressMode::kOff && audio_s_ > 0) summary(clock.ms() / 1000);
    if (job_.inputs.size() > 1 && failed_ > 0) {
      std::fprintf(stderr, "%d of %zu inputs failed\n", failed_, job_.inputs.size());
    }
    return failed_ > 0 || interrupted ? kSomeFailed : kDone;
  }

 private:
  void show(size_t i) {
    bar_.reset();
    shown_ = i;
    if (i < job_.inputs.size()) bar_.emplace(job_.progress, job_.inputs[i]);
  }

  // Says whether to go on.
  bool finish(size_t i, Result<pipeline::Transcript> transcript) {
    ProgressBar::clear();
    const Status status = transcript.ok() ? write(i, *transcript) : transcript.status();
    if (!status.ok()) {
      ++failed_;
      print_error(status);
    }
    show(i + 1);
    return !interrupted && !output_is_gone_;
  }

  Status write(size_t i, const pipeline::Transcript& transcript) {
    audio_s_ += transcript.duration_s;
    if (!job_.folder.empty()) {
      return write_outputs(transcript, job_.folder, job_.names[i], job_.formats);
    }
    const Status status = write_stdout(pipeline::render(transcript, job_.formats.front()));
    output_is_gone_ = !status.ok();
    return status;
  }

  void summary(double elapsed_s) const {
    std::fprintf(stderr, "%.1f s of audio in %.1f s, %.1fx real time\n", audio_s_, elapsed_s,
                 audio_s_ / elapsed_s);
  }

  const Job& job_;
  const pipeline::Transcriber& transcriber_;
  pipeline::TranscribeOptions options_;
  std::optional<ProgressBar> bar_;
  size_t shown_ = 0;  // the file of the bar
  double audio_s_ = 0;
  int failed_ = 0;
  bool output_is_gone_ = false;
};

int run_transcribe(const Options& options, Context& context) {
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
  if (const Status status = transcriber->check(job->transcribe); !status.ok()) {
    return fail(kUsage, status);
  }
  if (job->vad) {
    auto model = job->vad_model.empty()
                     ? silero::VadModel::load(context.registry())
                     : silero::VadModel::load(context.registry(), job->vad_model);
    if (!model.ok()) return fail(kUnusable, model.status());
    job->transcribe.vad = std::move(*model);
  }
  std::signal(SIGINT, on_interrupt);
  return Transcription(*job, *transcriber).run();
}

void add_options(CLI::App& command, Options& o) {
  command.add_option("audio", o.inputs, "Audio or video files; any container and codec")
      ->required()
      ->type_name("AUDIO...");
  command.add_option("-m,--model", o.model, "Folder with encoder, decoder and tokenizer")
      ->required()
      ->type_name("FOLDER");
  command
      .add_option("-o,--output-dir", o.output_folder,
                  "Write FOLDER/<name>.<format> per input; `-`: standard output")
      ->type_name("FOLDER");
  command
      .add_option("-f,--format", o.formats,
                  "txt, srt, vtt, json, tsv, lrc; several with commas when -o names a folder")
      ->type_name("LIST");
  command.add_option("-l,--language", o.language, "Code such as en or de; auto: detected")
      ->capture_default_str();
  command.add_option("--task", o.task, "transcribe, or translate (to English)")
      ->capture_default_str();
  command.add_option("--prompt", o.prompt, "Text that is taken as said before the first words");
  command.add_flag("--no-timestamps", o.no_timestamps,
                   "Let the model write text only: one segment per 30 s window");
  command.add_flag("--no-condition-on-previous-text", o.no_condition,
                   "Do not show a window the text before it (less context, fewer loops)");
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
  add_decoding_options(command, o.decoding);
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
      "  escuta transcribe film.mkv -m models/base -l de --task translate -f vtt > film.vtt");
  context.on_command(command, [options, &context] { return run_transcribe(*options, context); });
}

}  // namespace escuta::cli
