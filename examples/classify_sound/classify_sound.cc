// Says for each second of a WAV file whether it is silence, a tone, noise or speech.
//
//   classify_sound sound_classes.onnx speech.wav        (16-bit PCM, mono, 16 kHz)
//
// All that it knows of escuta is escuta/runtime.h; the model does the signal processing.
#include <escuta/runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace api = escuta::api;

namespace {

constexpr size_t kRate = 16000;  // Hz, and samples of one piece

uint32_t number(const std::string& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// The samples of a RIFF file (-1..1), or an error that says what it is instead.
api::Result<std::vector<float>> read_wav(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.size() < 12 || bytes.compare(0, 4, "RIFF") != 0 || bytes.compare(8, 4, "WAVE") != 0) {
    return {api::Code::kInvalidArgument, path + ": expected a WAV file"};
  }
  bool right_format = false;
  for (size_t at = 12; bytes.size() - at >= 8;) {
    const std::string id = bytes.substr(at, 4);
    at += 8;
    const size_t size = std::min<size_t>(number(bytes, at - 4, 4), bytes.size() - at);
    if (id == "fmt " && size >= 16) {  // 1: PCM; 1 channel; rate; 16 bits
      right_format = number(bytes, at, 2) == 1 && number(bytes, at + 2, 2) == 1 &&
                     number(bytes, at + 4, 4) == kRate && number(bytes, at + 14, 2) == 16;
    } else if (id == "data" && right_format) {
      std::vector<float> samples;
      for (size_t i = 0; i + 1 < size; i += 2) {
        const auto sample = static_cast<int16_t>(number(bytes, at + i, 2));
        samples.push_back(static_cast<float>(sample) / 32768.0f);
      }
      return samples;
    }
    at = std::min(at + size + size % 2, bytes.size());
  }
  return {api::Code::kInvalidArgument, path + ": expected 16-bit PCM, mono, 16 kHz"};
}

// The classes by the model's custom key, "silence,tone,noise,speech".
std::vector<std::string> class_names(const api::Metadata& metadata) {
  std::vector<std::string> names;
  const auto found = metadata.custom.find("classes");
  std::istringstream list(found == metadata.custom.end() ? "" : found->second);
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

api::Status classify(const char* model_path, const char* wav_path) {
  const auto samples = read_wav(wav_path);
  if (!samples.ok()) return samples.status();
  const auto model = api::Runtime::load(model_path);
  if (!model.ok()) return model.status();
  const std::vector<std::string> classes = class_names(model->metadata());

  // Each second is an input of its own, borrowed from `samples`; the batch joins them.
  std::vector<api::Inputs> seconds;
  for (size_t at = 0; at + kRate <= samples->size(); at += kRate) {
    const std::span<const float> piece(samples->data() + at, kRate);
    auto tensor = api::Tensor::borrow<float>({1, kRate}, piece);
    if (!tensor.ok()) return tensor.status();
    seconds.push_back({{"samples", *tensor}});
  }
  size_t second = 0;
  for (const api::Result<api::Outputs>& outputs : model->run_batch(seconds)) {
    if (!outputs.ok()) return outputs.status();
    const auto tensor = outputs->tensor("probabilities");
    if (!tensor.ok()) return tensor.status();
    const auto likely = tensor->values<float>();
    if (!likely.ok()) return likely.status();
    if (likely->size() != classes.size()) {
      return {api::Code::kInvalidArgument, "expected a model with the custom key `classes`"};
    }
    const auto best = std::max_element(likely->begin(), likely->end()) - likely->begin();
    std::printf("%3zu s  %-8s", second++, classes[static_cast<size_t>(best)].c_str());
    for (size_t i = 0; i < classes.size(); ++i) {
      std::printf("  %s %.3f", classes[i].c_str(), static_cast<double>((*likely)[i]));
    }
    std::printf("\n");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: classify_sound MODEL.onnx FILE.wav\n");
    return 2;
  }
  const api::Status status = classify(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "classify_sound: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
