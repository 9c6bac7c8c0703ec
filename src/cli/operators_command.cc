#include "cli/operators_command.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/json.h"
#include "cli/outputs.h"
#include "ops/operator.h"

namespace escuta::cli {
namespace {

std::string_view shown(const ops::Operator& op) {
  return op.domain.empty() ? "ai.onnx" : op.domain;
}

std::vector<const ops::Operator*> sorted() {
  const auto all = ops::operators();
  std::vector<const ops::Operator*> list(all.begin(), all.end());
  std::sort(list.begin(), list.end(), [](const ops::Operator* a, const ops::Operator* b) {
    return std::pair(shown(*a), a->name) < std::pair(shown(*b), b->name);
  });
  return list;
}

std::string as_text() {
  std::string text;
  std::string_view domain;
  for (const ops::Operator* op : sorted()) {
    if (shown(*op) != domain) {
      domain = shown(*op);
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", domain);
    }
    text += fmt::format("  {:<34} {}\n", op->name, fmt::join(op->versions.all(), " "));
  }
  return text;
}

std::string as_json() {
  Json list = Json::array();
  for (const ops::Operator* op : sorted()) {
    const auto versions = op->versions.all();
    list.push_back({{"domain", shown(*op)},
                    {"name", op->name},
                    {"versions", std::vector<int>(versions.begin(), versions.end())}});
  }
  return json_dump(list) + "\n";
}

}  // namespace

void add_operators_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "operators", "List the operators of provider cpu and the versions that changed them");
  auto format = std::make_shared<std::string>("text");
  command->add_option("-f,--format", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  context.on_command(command, [format]() -> int {
    const Status status = write_stdout(*format == "json" ? as_json() : as_text());
    return status.ok() ? kDone : fail(kSomeFailed, status);
  });
}

}  // namespace escuta::cli
