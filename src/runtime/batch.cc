// Several runs as one: rows of inputs that fit together are joined along the first axis, and the
// rows of the outputs given back to each.
#include <algorithm>
#include <cctype>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "base/thread_pool.h"
#include "runtime/access.h"
#include "runtime/run.h"

namespace escuta::api {
namespace {

using detail::Access;

// Bounds the memory of a joined run.
constexpr int64_t kMaxRows = 64;

// One of run_batch's inputs.
struct Item {
  Bound bound;
  escuta::Result<Outputs> result = internal_error("the run was not made");
};

bool is_batch_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "n" || name.starts_with("batch") || name.ends_with("batch");
}

// Whether rows can be joined in this input, or taken apart in this output. `symbol` is the name of
// the first axis, once it is known.
bool has_rows(const engine::IoInfo& io, Batching batching, std::optional<std::string>& symbol) {
  if (!io.ranked || io.dims.empty() || io.dims[0] >= 0 || dtype_bits(io.dtype) < 8) return false;
  if (batching == Batching::kRows) return true;
  if (!symbol) symbol = io.symbols[0];
  return io.symbols[0] == *symbol && is_batch_name(*symbol);
}

bool can_join(const engine::Session& session, const Wanted& wanted, Batching batching) {
  if (batching == Batching::kSeparate) return false;
  std::optional<std::string> symbol;
  for (const engine::IoInfo& io : session.inputs()) {
    if (!io.optional && !has_rows(io, batching, symbol)) return false;
  }
  return std::all_of(wanted.outputs.begin(), wanted.outputs.end(),
                     [&](size_t i) { return has_rows(session.outputs()[i], batching, symbol); });
}

int64_t rows_of(const Item& item) { return item.bound.values[0].shape()[0]; }

// Equal for items that can be joined; nullopt: this one with none.
std::optional<std::vector<int64_t>> shape_key(const engine::Session& session, const Item& item) {
  std::vector<int64_t> key;
  std::optional<int64_t> rows;
  for (size_t i = 0; i < item.bound.values.size(); ++i) {
    const engine::Value& value = item.bound.values[i];
    if (session.inputs()[i].optional) {
      if (value) return std::nullopt;
      continue;
    }
    if (!value || !value.datum().is_tensor() || value.shape().rank() == 0) return std::nullopt;
    if (rows && *rows != value.shape()[0]) return std::nullopt;
    rows = value.shape()[0];
    key.push_back(static_cast<int64_t>(value.dtype()));
    key.push_back(value.shape().rank());
    for (int axis = 1; axis < value.shape().rank(); ++axis) key.push_back(value.shape()[axis]);
  }
  if (!rows || *rows == 0) return std::nullopt;
  return key;
}

Shape with_rows(const Shape& shape, int64_t rows) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[0] = rows;
  return Shape::create(dims).value();  // fewer elements than a tensor that exists, or kMaxRows
}

escuta::Result<Bound> join(std::span<Item* const> items, int64_t rows) {
  Bound joined;
  const std::vector<engine::Value>& first = items[0]->bound.values;
  joined.values.resize(first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    if (!first[i]) continue;
    ASSIGN_OR_RETURN(Datum datum,
                     Datum::create(first[i].dtype(), with_rows(first[i].shape(), rows)));
    std::byte* next = datum.mutable_bytes();
    for (const Item* item : items) {
      const Datum& part = item->bound.values[i].datum();
      next = std::copy_n(part.bytes(), part.byte_size(), next);
    }
    joined.values[i] = engine::Value::of(std::move(datum));
  }
  return joined;
}

// Rows `first` .. first + rows of each output.
escuta::Result<Outputs> take_rows(const Outputs& all, int64_t first, int64_t rows, int64_t total) {
  std::vector<std::string> names;
  std::vector<Value> values;
  for (size_t i = 0; i < all.size(); ++i) {
    const detail::Datum* found = Access::datum(all[i]);
    if (found == nullptr || !found->datum.is_tensor() || found->datum.shape().rank() == 0 ||
        found->datum.shape()[0] != total) {
      return failed_precondition("output `{}` has not one row for each of the input's",
                                 all.name(i));
    }
    const Datum& datum = found->datum;
    ASSIGN_OR_RETURN(Datum part, Datum::create(datum.dtype(), with_rows(datum.shape(), rows)));
    const size_t row_bytes = datum.byte_size() / static_cast<size_t>(total);
    std::copy_n(datum.bytes() + static_cast<size_t>(first) * row_bytes, part.byte_size(),
                part.mutable_bytes());
    names.push_back(all.name(i));
    values.push_back(Access::value(std::move(part)));
  }
  return Access::outputs(std::move(names), std::move(values));
}

class BatchRun {
 public:
  BatchRun(const engine::Session& session, const Wanted& wanted, const engine::RunControl& control)
      : session_(session), wanted_(wanted), control_(control) {}

  // The items of one unit: as one run, or, where that fails, one by one, so that each has the error
  // that is its own. Throws nothing: it may run on a worker of the pool.
  void run(std::span<Item* const> items) const {
    if (items.size() > 1 && run_joined(items).ok()) return;
    for (Item* item : items) item->result = run_single(*item);
  }

 private:
  escuta::Result<Outputs> run_single(const Item& item) const {
    try {
      return run_bound(session_, item.bound, wanted_, control_);
    } catch (const std::exception& error) {
      return resource_exhausted("{}", error.what());
    }
  }

  escuta::Status run_joined(std::span<Item* const> items) const try {
    int64_t total = 0;
    for (const Item* item : items) total += rows_of(*item);
    ASSIGN_OR_RETURN(const Bound joined, join(items, total));
    ASSIGN_OR_RETURN(const Outputs all, run_bound(session_, joined, wanted_, control_));
    int64_t first = 0;
    for (Item* item : items) {
      ASSIGN_OR_RETURN(item->result, take_rows(all, first, rows_of(*item), total));
      first += rows_of(*item);
    }
    return escuta::Status();
  } catch (const std::exception& error) {
    return resource_exhausted("{}", error.what());
  }

  const engine::Session& session_;
  const Wanted& wanted_;
  const engine::RunControl& control_;
};

// Which items run together.
std::vector<std::vector<Item*>> make_units(const engine::Session& session, bool joining,
                                           std::span<Item* const> items) {
  std::vector<std::vector<Item*>> units;
  struct Open {
    size_t unit;
    int64_t rows;
  };
  std::map<std::vector<int64_t>, Open> open;
  for (Item* item : items) {
    const auto key = joining ? shape_key(session, *item) : std::nullopt;
    if (!key) {
      units.push_back({item});
      continue;
    }
    const auto found = open.find(*key);
    if (found != open.end() && found->second.rows + rows_of(*item) <= kMaxRows) {
      units[found->second.unit].push_back(item);
      found->second.rows += rows_of(*item);
      continue;
    }
    open[*key] = {units.size(), rows_of(*item)};
    units.push_back({item});
  }
  return units;
}

}  // namespace

std::vector<Result<Outputs>> run_items(const engine::Session& session,
                                       std::span<const Inputs> inputs, const RunOptions& options,
                                       Batching batching) {
  const escuta::Result<Wanted> wanted = choose_outputs(session, options.outputs);
  if (!wanted.ok()) return {inputs.size(), to_public(wanted.status())};
  std::vector<Item> items(inputs.size());
  std::vector<Item*> good;
  for (size_t i = 0; i < items.size(); ++i) {
    escuta::Result<Bound> bound = bind(session, inputs[i]);
    if (!bound.ok()) {
      items[i].result = bound.status();
      continue;
    }
    items[i].bound = std::move(bound).value();
    good.push_back(&items[i]);
  }
  const auto units = make_units(session, can_join(session, *wanted, batching), good);
  const engine::RunControl control = control_of(options);
  const BatchRun batch(session, *wanted, control);
  ThreadPool& pool = thread_pool();
  // With enough of them, side by side on a core each; else one after another on all cores.
  if (units.size() >= 2 * static_cast<size_t>(pool.threads())) {
    pool.parallel_for(static_cast<long>(units.size()), 0,
                      [&](long i, int) { batch.run(units[static_cast<size_t>(i)]); });
  } else {
    for (const std::vector<Item*>& unit : units) batch.run(unit);
  }
  std::vector<Result<Outputs>> results;
  for (Item& item : items) results.push_back(to_public(std::move(item.result)));
  return results;
}

}  // namespace escuta::api
