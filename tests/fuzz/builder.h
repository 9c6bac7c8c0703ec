// What an entry of operators.inc draws with: a graph that grows, and what its values are.
//
// Not for several threads. A draw that cannot go on returns false; what it had put is taken back.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "random_graph.h"
#include "tensor/datum.h"

namespace escuta::fuzz {

using Dims = std::vector<int64_t>;
using Types = std::vector<DType>;
using Attributes = std::vector<onnx::AttributeDef>;

// How results of two right engines differ.
enum class Rule {
  kMoves,      // elements are handed on as they are
  kJumps,      // exact, of exact inputs only: a comparison, a position, a rounding to integers
  kRounds,     // rounding, and what rounding in the inputs becomes
  kQuantizes,  // integers one apart, of inputs that differ by rounding
};

// Something that nodes may read.
struct Made {
  std::string name;
  Datum value;
  double error = 0;          // of an element, absolute; 0: the same in every engine
  double low = 0, high = 0;  // of its elements
  bool finite = true;        // no infinity, no NaN
  bool reused = true;        // other nodes may read it
  DType dtype() const;       // of a tensor, or of a sequence's items
  Dims dims() const;
  int rank() const { return value.shape().rank(); }
  int64_t count() const { return value.count(); }
  bool is_tensor() const { return value.is_tensor(); }
};

struct Entry;

// A node to be.
struct Node {
  std::string op;
  std::string domain;
  std::vector<std::string> inputs;
  int outputs = 1;
  Attributes attributes;
  Rule rule = Rule::kMoves;
  std::vector<std::string> captured;     // what its bodies read from outside
  std::vector<bool> wanted = {};         // empty: all outputs
  std::vector<std::string> steady = {};  // inputs that give shapes, and carry no error
};

struct Range {
  double low = -2, high = 2;
};

class Builder {
 public:
  Builder(uint64_t seed, const engine::Provider& cpu, DrawOptions options);

  // --- Chance ---
  int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  bool coin() { return pick(2) == 0; }
  bool rarely() { return pick(8) == 0; }
  double real(double low, double high);
  template <typename T>
  T one_of(std::initializer_list<T> all) {
    return all.begin()[pick(static_cast<int>(all.size()))];
  }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<size_t>(pick(static_cast<int>(all.size())))];
  }
  Dims some_dims(int min_rank, int max_rank, int max_dim = 5);

  // --- What the graph has ---
  int opset() const { return opset_; }
  // The entry's types, or floats where operator sets before `version` know no others.
  Types types_since(int version, const Types& types) const;
  bool for_ort() const { return options_.for_ort; }
  const std::vector<Made>& made() const { return made_; }
  // One that fits, or nullptr; only exact ones where the entry being drawn jumps.
  const Made* find(const std::function<bool(const Made&)>& fits);
  // A tensor of one of these types, ranks and elements: one that is there, or a fresh one.
  Made operand(const Types& types, int min_rank = 0, int max_rank = 4, Range range = {-1e4, 1e4});
  // The same with elements at least; for kernels that need some.
  Made filled(const Types& types, int min_rank = 1, int max_rank = 4, Range range = {-1e4, 1e4});
  // A tensor of this type and shape: one that is there, or a fresh one.
  Made like(DType dtype, const Dims& dims, Range range = {});
  // What broadcasts with `x`.
  Made partner(const Made& x, Range range = {});

  // --- What is new ---
  // Random elements: a constant, now and then an input of the graph.
  Made fresh(DType dtype, const Dims& dims, Range range = {});
  Made input(DType dtype, const Dims& dims, Range range = {});
  Made constant(Datum datum);
  Made constant(DType dtype, const Dims& dims, Range range = {});
  std::string ints(const std::vector<int64_t>& values);
  std::string ints32(const std::vector<int64_t>& values);
  std::string scalar(int64_t value);
  std::string scalar32(int64_t value);
  std::string number(double value, DType dtype = DType::kFloat, bool vector = false);
  std::string strings(const std::vector<std::string>& values, const Dims& dims);
  std::string fresh_name(std::string_view what);
  Datum random_datum(DType dtype, const Dims& dims, Range range);
  Datum datum_of(DType dtype, const Dims& dims, const std::vector<double>& values);
  onnx::TensorDef tensor(std::string name, const Datum& datum);

  // Adds the node after it ran on plain loops. false: it is nothing to go on with.
  bool put(Node node);
  // The output of what was put last.
  const Made& last(int output = 0) const;
  // A node of ai.onnx with one output in one line; nullptr: it could not be put.
  const Made* step(std::string op, std::vector<std::string> inputs, Attributes attributes = {},
                   Rule rule = Rule::kRounds);

  void draw(const Entry& entry);
  RandomGraph finish(int max_outputs);
  int nodes() const { return static_cast<int>(graph_.model.graph.nodes.size()); }
  void set_exact(bool exact) { exact_ = exact; }

 private:
  struct Mark {
    size_t nodes, initializers, inputs, made;
  };
  bool is_skipped(const Node& node);
  Result<std::vector<Datum>> evaluate(const Node& node, std::vector<std::vector<Datum>>& runs,
                                      std::vector<std::vector<Datum>>* results);
  const Made* made_named(std::string_view name) const;
  bool measure(const Node& node, const std::vector<std::vector<Datum>>& results,
               std::vector<Made>& made);
  Datum nudged(const Made& made);
  bool fits_range(const Made& made, Range range) const;

  std::mt19937_64 random_;
  const engine::Provider& cpu_;
  DrawOptions options_;
  int opset_ = 17;
  RandomGraph graph_;
  std::vector<Made> made_;
  std::vector<Made> last_;
  bool exact_ = false;
  int next_name_ = 0;
};

// One operator that random graphs have: a line of operators.inc.
struct Entry {
  std::string domain;
  std::string op;
  int since = 1, until = 99;  // operator sets of ai.onnx in which it is drawn
  Types types;                // of what it reads first
  Rule rule = Rule::kMoves;
  bool (*draw)(Builder& b, const Entry& entry) = nullptr;
};
const std::vector<Entry>& all_entries();

// --- Types ---
extern const Types kFloats, kFloat32, kFloat64, kWhole, kSigned, kNumbers, kBools, kAnything,
    kBytes, kIndices, kFloatOrWhole;

bool is_float(DType dtype);
double element(const Datum& datum, int64_t i);  // of numbers and bool
void set_element(Datum& datum, int64_t i, double value);
int64_t product(const Dims& dims);
bool broadcasts(const Dims& a, const Dims& b, Dims& out);

// --- Attributes ---
onnx::AttributeDef attr(std::string name, int64_t value);
inline onnx::AttributeDef attr(std::string name, int value) {
  return attr(std::move(name), static_cast<int64_t>(value));
}
inline onnx::AttributeDef attr(std::string name, bool value) {
  return attr(std::move(name), static_cast<int64_t>(value));
}
onnx::AttributeDef attr(std::string name, double value);
onnx::AttributeDef attr(std::string name, const char* value);
onnx::AttributeDef attr(std::string name, std::string value);
onnx::AttributeDef attr(std::string name, std::vector<int64_t> values);
onnx::AttributeDef attr(std::string name, std::vector<float> values);
onnx::AttributeDef attr(std::string name, std::vector<std::string> values);
onnx::AttributeDef attr(std::string name, onnx::TensorDef value);
onnx::AttributeDef attr(std::string name, onnx::GraphDef value);

}  // namespace escuta::fuzz
