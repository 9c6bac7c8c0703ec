// A loaded model, ready to run on the provider that was chosen for it.
//
// Choice: `auto` walks the registry in its order; a list of several names is walked in its order;
// one name is strict, and missing is an error. Every step down is kept in placements() and logged.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/provider.h"

namespace escuta::engine {

// The providers of this program, best first. Immutable after it is filled; any thread.
class Registry {
 public:
  using Providers = std::vector<std::unique_ptr<Provider>>;

  void add(std::unique_ptr<Provider> provider) { ready_.push_back(std::move(provider)); }
  // Those that `find` gives, after all that are added: called once, when somebody asks for all, or
  // for one that is not there. For what costs time and memory to find, as opening a library does.
  void add_later(std::function<Providers()> find);

  std::vector<const Provider*> providers() const;
  // Those that are there without looking for more.
  std::vector<const Provider*> ready() const;
  const Provider* find(std::string_view name) const;

 private:
  struct Later {
    std::function<Providers()> find;
    std::once_flag once;
    Providers found;
  };
  Providers ready_;
  std::vector<std::unique_ptr<Later>> later_;
};

// "auto", "ort", "ort:openvino,ort" -> names; InvalidArgument for an empty or doubled name.
Result<std::vector<std::string>> parse_provider_list(std::string_view list);

// What became of one provider of the list: how many nodes it runs, or why none.
struct Placement {
  std::string provider;
  int nodes = 0;
  std::string reason;
};

struct SessionOptions {
  std::vector<std::string> providers = {"auto"};
  CompileOptions compile;
};

// Immutable; any thread; shared by everything that uses the model.
class Session {
 public:
  // NotFound, InvalidArgument, DataLoss: the model file. Unavailable: no provider of the list can
  // run it; the message has every reason.
  static Result<std::shared_ptr<Session>> load(const Registry& registry,
                                               const std::filesystem::path& model,
                                               const SessionOptions& options);
  // The same of a model that is in memory already; without a path messages call it so.
  static Result<std::shared_ptr<Session>> load(const Registry& registry,
                                               std::shared_ptr<const graph::Model> model,
                                               const SessionOptions& options);

  const graph::Model& model() const { return *model_; }
  std::span<const IoInfo> inputs() const { return executable_->inputs(); }
  std::span<const IoInfo> outputs() const { return executable_->outputs(); }
  // Position by name; nullopt when there is none.
  std::optional<size_t> input_index(std::string_view name) const;
  std::optional<size_t> output_index(std::string_view name) const;

  std::span<const Placement> placements() const { return placements_; }

  // As Executable::run.
  Status run(std::span<const Value> inputs, std::span<const bool> wanted, std::span<Value> outputs,
             const RunControl& control) const {
    return executable_->run(inputs, wanted, outputs, control);
  }
  Result<std::vector<Value>> run(std::span<const Value> inputs,
                                 std::span<const bool> wanted = {}) const;
  // As Executable::takes_fewer_items.
  bool takes_fewer_items(size_t input) const { return executable_->takes_fewer_items(input); }
  Result<std::filesystem::path> end_profiling() { return executable_->end_profiling(); }

 private:
  Session() = default;
  std::shared_ptr<const graph::Model> model_;
  std::unique_ptr<Executable> executable_;
  std::vector<Placement> placements_;
};

}  // namespace escuta::engine
