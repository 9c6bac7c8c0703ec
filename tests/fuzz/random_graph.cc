#include "random_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "builder.h"

namespace escuta::fuzz {
namespace {

void describe_graph(const onnx::GraphDef& graph, std::string indent, std::string& text) {
  for (const onnx::NodeDef& node : graph.nodes) {
    text += fmt::format("{}{} = {}({})", indent, fmt::join(node.outputs, ", "), node.op_type,
                        fmt::join(node.inputs, ", "));
    for (const onnx::AttributeDef& a : node.attributes) {
      using Type = onnx::AttributeDef::Type;
      if (a.type == Type::kInts) text += fmt::format(" {}=[{}]", a.name, fmt::join(a.ints, ","));
      if (a.type == Type::kFloats)
        text += fmt::format(" {}=[{}]", a.name, fmt::join(a.floats, ","));
      if (a.type == Type::kStrings)
        text += fmt::format(" {}=[{}]", a.name, fmt::join(a.strings, ","));
      if (a.type == Type::kInt) text += fmt::format(" {}={}", a.name, a.i);
      if (a.type == Type::kFloat) text += fmt::format(" {}={}", a.name, a.f);
      if (a.type == Type::kString) text += fmt::format(" {}={}", a.name, a.s);
      if (a.type == Type::kTensor) text += fmt::format(" {}=<tensor>", a.name);
    }
    text += "\n";
    for (const onnx::AttributeDef& a : node.attributes) {
      for (const auto& body : a.graphs) describe_graph(*body, indent + "    ", text);
    }
  }
}

std::string describe_dims(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ","));
}

}  // namespace

std::string RandomGraph::describe() const {
  std::string text = fmt::format("  operator set {}\n", model.opset_imports[0].version);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto dims = inputs[i].shape().dims();
    text += fmt::format("  {}: {} {}, an input\n", model.graph.inputs[i].name,
                        dtype_name(inputs[i].dtype()), describe_dims({dims.begin(), dims.end()}));
  }
  for (const onnx::TensorDef& c : model.graph.initializers) {
    text += fmt::format("  {}: {} {}\n", c.name, dtype_name(c.dtype), describe_dims(c.dims));
  }
  describe_graph(model.graph, "  ", text);
  return text;
}

RandomGraph make_random_graph(uint64_t seed, const engine::Provider& cpu,
                              const DrawOptions& options) {
  Builder builder(seed, cpu, options);
  std::vector<const Entry*> entries;
  for (const Entry& entry : all_entries()) {
    if (options.only.empty() || entry.op == options.only) entries.push_back(&entry);
  }
  const int nodes = options.only.empty() ? 3 + builder.pick(15) : 1;
  for (int tries = 0; tries < nodes * 6 && builder.nodes() < nodes && !entries.empty(); ++tries) {
    builder.draw(*builder.one_of(entries));
  }
  return builder.finish(32);
}

std::vector<std::string> drawn_operators() {
  std::set<std::string> all;
  for (const Entry& entry : all_entries()) {
    all.insert(entry.domain.empty() ? entry.op : entry.domain + "::" + entry.op);
  }
  return {all.begin(), all.end()};
}

}  // namespace escuta::fuzz
