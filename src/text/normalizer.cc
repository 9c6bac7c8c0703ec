#include "text/normalizer.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

namespace escuta::text {
namespace {

constexpr size_t kMaxForms = 16;

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

std::string normalize(std::string_view text, int options) {
  utf8proc_uint8_t* bytes = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &bytes,
                   static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(bytes);
  // The text is well-formed, so that only a lack of memory ends here.
  if (size < 0) return std::string(text);
  return std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

}  // namespace

Result<Normalizer> Normalizer::create(const nlohmann::json& config) {
  Normalizer normalizer;
  if (config.is_null()) return normalizer;
  if (Status status = normalizer.add(config); !status.ok()) {
    return status.with_context("`normalizer`");
  }
  return normalizer;
}

Status Normalizer::add(const nlohmann::json& config) {
  const auto type =
      config.is_object() && config.contains("type") ? config["type"] : nlohmann::json();
  if (forms_.size() == kMaxForms) {
    return invalid_argument("expected at most {} steps, found more", kMaxForms);
  }
  if (type == "NFC") {
    forms_.push_back(Form::kNfc);
  } else if (type == "NFD") {
    forms_.push_back(Form::kNfd);
  } else if (type == "NFKC") {
    forms_.push_back(Form::kNfkc);
  } else if (type == "NFKD") {
    forms_.push_back(Form::kNfkd);
  } else if (type == "Sequence" && config.contains("normalizers") &&
             config["normalizers"].is_array()) {
    for (const nlohmann::json& step : config["normalizers"]) RETURN_IF_ERROR(add(step));
  } else {
    return unimplemented("expected null, NFC, NFD, NFKC, NFKD or a Sequence of them, found `{}`",
                         type.is_string() ? type.get<std::string>() : config.type_name());
  }
  return Status();
}

std::string Normalizer::apply(std::string_view text) const {
  std::string result(text);
  for (const Form form : forms_) {
    switch (form) {
      case Form::kNfc:
        result = normalize(result, UTF8PROC_COMPOSE);
        break;
      case Form::kNfd:
        result = normalize(result, UTF8PROC_DECOMPOSE);
        break;
      case Form::kNfkc:
        result = normalize(result, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
        break;
      case Form::kNfkd:
        result = normalize(result, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
        break;
    }
  }
  return result;
}

}  // namespace escuta::text
