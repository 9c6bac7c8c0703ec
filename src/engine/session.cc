#include "engine/session.h"

#include <algorithm>
#include <functional>

#include "base/log.h"
#include "engine/partition.h"
#include "graph/import.h"
#include "passes/pass.h"

namespace escuta::engine {
namespace {

constexpr std::string_view kAuto = "auto";
// Smaller tensors are copied where they are not aligned, so that inference can read them.
constexpr size_t kAlignedBytes = size_t{1} << 16;

std::optional<size_t> index_of(std::span<const IoInfo> list, std::string_view name) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name) return i;
  }
  return std::nullopt;
}

std::string title_of(const graph::Model& model) {
  return model.path.empty() ? "the model in memory" : model.path.string();
}

std::string known_names(const Registry& registry) {
  std::string names;
  for (const auto& provider : registry.providers()) {
    names += (names.empty() ? "" : ", ") + std::string(provider->name());
  }
  return names.empty() ? "none" : names;
}

// The names to try, in order: `auto` stands for all of `providers`.
std::vector<std::string> expand(const std::vector<const Provider*>& providers,
                                std::span<const std::string> names) {
  std::vector<std::string> expanded;
  const auto add = [&](std::string_view name) {
    if (std::find(expanded.begin(), expanded.end(), name) == expanded.end()) {
      expanded.emplace_back(name);
    }
  };
  for (const std::string& name : names) {
    if (name != kAuto) {
      add(name);
      continue;
    }
    for (const Provider* provider : providers) add(provider->name());
  }
  return expanded;
}

// Splits the model between a provider that does not take all of it and those after it in the list.
Result<std::unique_ptr<Executable>> compile_parts(const Registry& registry, const Provider& first,
                                                  std::span<const std::string> others,
                                                  const graph::Model& model,
                                                  const CompileOptions& options) {
  std::vector<const Provider*> providers = {&first};
  for (const std::string& name : others) {
    const Provider* other = registry.find(name);
    if (other != nullptr && other->availability().available) providers.push_back(other);
  }
  // A part must know the types of what comes in from another part.
  ASSIGN_OR_RETURN(const graph::Model inferred, passes::optimize(model, {{"all"}, {}}));
  ASSIGN_OR_RETURN(const Partition split, partition(inferred, providers));
  ASSIGN_OR_RETURN(auto executable,
                   PartitionedExecutable::create(inferred, split, providers, options));
  for (const StepDown& step : split.steps_down) {
    log_warning("{}: {} does not run on {}: {}", title_of(model),
                inferred.graph.node(step.node).to_string(), first.name(), step.reason);
  }
  return std::unique_ptr<Executable>(std::move(executable));
}

// The names after the one at hand.
using OtherNames = std::function<std::span<const std::string>()>;

// Compiles on one provider, sharing the model with `others` where it must, or says why not.
Result<std::unique_ptr<Executable>> compile_on(const Registry& registry, const std::string& name,
                                               const OtherNames& other_names,
                                               const std::shared_ptr<const graph::Model>& model,
                                               const CompileOptions& options) {
  const Provider* provider = registry.find(name);
  if (provider == nullptr) {
    return unavailable(
        "expected one of {}, found `{}`{}", known_names(registry), name,
        name.starts_with("ort:") ? "; a plugin is registered with --ort-plugin NAME=PATH" : "");
  }
  if (!provider->availability().available) {
    return unavailable("{}", provider->availability().reason);
  }
  const std::vector<Refusal> refusals = provider->refusals(*model);
  if (!refusals.empty()) {
    std::string shared;
    const std::span<const std::string> others = other_names();
    if (!others.empty()) {
      auto parts = compile_parts(registry, *provider, others, *model, options);
      if (parts.ok()) return parts;
      shared = fmt::format("; shared with those after it: {}", parts.status().message());
    }
    return unimplemented("it does not run {} of {} nodes, the first {}: {}{}", refusals.size(),
                         model->graph.nodes().size(),
                         model->graph.node(refusals.front().node).to_string(),
                         refusals.front().reason, shared);
  }
  ASSIGN_OR_RETURN(auto executable, provider->compile(model, options));
  // A provider that hands every node on to another is a fallback in disguise.
  const auto shares = executable->assignments();
  const bool runs_some = std::any_of(shares.begin(), shares.end(), [&](const Assignment& share) {
    return share.provider == name && share.nodes > 0;
  });
  if (!shares.empty() && !runs_some) {
    return unavailable("it takes none of the model's nodes");
  }
  return executable;
}

void place(const std::string& name, const graph::Model& model, const Executable& executable,
           std::vector<Placement>& placements) {
  if (executable.assignments().empty()) {
    placements.push_back({name, static_cast<int>(model.graph.nodes().size()), ""});
    return;
  }
  for (const Assignment& share : executable.assignments()) {
    const bool own = share.provider == name;
    placements.push_back({share.provider, share.nodes, own ? "" : "not taken by " + name});
    if (!own) {
      log_warning("{}: {} nodes run on {}, not taken by {}", title_of(model), share.nodes,
                  share.provider, name);
    }
  }
}

}  // namespace

void Registry::add_later(std::function<Providers()> find) {
  later_.push_back(std::make_unique<Later>());
  later_.back()->find = std::move(find);
}

std::vector<const Provider*> Registry::ready() const {
  std::vector<const Provider*> all;
  for (const auto& provider : ready_) all.push_back(provider.get());
  return all;
}

std::vector<const Provider*> Registry::providers() const {
  std::vector<const Provider*> all = ready();
  for (const auto& later : later_) {
    std::call_once(later->once, [&] { later->found = later->find(); });
    for (const auto& provider : later->found) all.push_back(provider.get());
  }
  return all;
}

const Provider* Registry::find(std::string_view name) const {
  const auto named = [&](const std::vector<const Provider*>& providers) {
    const auto has_name = [&](const Provider* provider) { return provider->name() == name; };
    const auto it = std::find_if(providers.begin(), providers.end(), has_name);
    return it == providers.end() ? nullptr : *it;
  };
  const Provider* found = named(ready());
  return found != nullptr ? found : named(providers());
}

Result<std::vector<std::string>> parse_provider_list(std::string_view list) {
  std::vector<std::string> names;
  for (size_t start = 0; start <= list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    const std::string name(list.substr(start, end - start));
    if (name.empty()) {
      return invalid_argument("provider list: expected auto or names with commas, found `{}`",
                              list);
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return invalid_argument("provider list: expected each name once, found `{}` twice", name);
    }
    names.push_back(name);
    start = end + 1;
  }
  return names;
}

Result<std::shared_ptr<Session>> Session::load(const Registry& registry,
                                               const std::filesystem::path& path,
                                               const SessionOptions& options) {
  // Weights are read in place: aligned copies of all of them would only double the memory.
  ASSIGN_OR_RETURN(std::shared_ptr<const graph::Model> model,
                   graph::load_model(path, {.align_data_under = kAlignedBytes}));
  return load(registry, std::move(model), options);
}

Result<std::shared_ptr<Session>> Session::load(const Registry& registry,
                                               std::shared_ptr<const graph::Model> model,
                                               const SessionOptions& options) {
  const std::string title = title_of(*model);
  // As a rule the first takes the whole model, and nobody else need be looked for. Those that are
  // found later come after it.
  std::vector<std::string> names = expand(registry.ready(), options.providers);
  if (names.empty()) names = expand(registry.providers(), options.providers);
  if (names.empty()) return unavailable("{}: this program has no providers", title);
  std::vector<Placement> refused;
  Status last;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i];
    const auto others = [&] {
      names = expand(registry.providers(), options.providers);
      return std::span<const std::string>(names).subspan(i + 1);
    };
    auto executable = compile_on(registry, name, others, model, options.compile);
    if (executable.ok()) {
      std::shared_ptr<Session> session(new Session);
      for (const Placement& step : refused) {
        log_warning("{}: runs on {} instead of {}: {}", title, name, step.provider, step.reason);
      }
      session->placements_ = std::move(refused);
      place(name, *model, **executable, session->placements_);
      session->executable_ = std::move(executable).value();
      session->model_ = std::move(model);
      return session;
    }
    others();
    last = executable.status();
    refused.push_back({name, 0, std::string(last.message())});
  }
  if (refused.size() == 1) {
    return Status(last.code(),
                  fmt::format("{}: provider {}: {}", title, names.front(), last.message()));
  }
  std::string reasons;
  for (const Placement& step : refused) {
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", step.provider, step.reason);
  }
  return unavailable("{}: no provider can run it: {}", title, reasons);
}

Result<std::vector<Value>> Session::run(std::span<const Value> inputs,
                                        std::span<const bool> wanted) const {
  std::vector<Value> results(outputs().size());
  RETURN_IF_ERROR(executable_->run(inputs, wanted, results, {}));
  return results;
}

Status RunControl::check() const {
  if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
    return escuta::cancelled("the run was cancelled");
  }
  if (deadline && std::chrono::steady_clock::now() >= *deadline) {
    return deadline_exceeded("the run did not end before its deadline");
  }
  return Status();
}

std::optional<size_t> Session::input_index(std::string_view name) const {
  return index_of(inputs(), name);
}

std::optional<size_t> Session::output_index(std::string_view name) const {
  return index_of(outputs(), name);
}

}  // namespace escuta::engine
