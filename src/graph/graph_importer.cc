#include "graph/graph_importer.h"

#include <algorithm>
#include <unordered_set>

#include "base/printable.h"
#include "graph/order.h"
#include "onnx/limits.h"

namespace escuta::graph {
namespace {

using Type = onnx::AttributeDef::Type;

class GraphImporter {
 public:
  GraphImporter(const ImportContext& context, GraphImporter* outer, int depth)
      : context_(context), outer_(outer), depth_(depth) {}

  Result<Graph> run(onnx::GraphDef def);
  Result<Attribute> attribute(onnx::AttributeDef def);

 private:
  // A node whose place in the order is not known yet.
  struct Pending {
    Node node;
    std::vector<ValueId> uses;  // its inputs, and what its graphs capture
  };

  Result<ValueId> define(std::string name, const char* what);
  Status inputs(std::vector<onnx::ValueInfo> infos);
  Status initializers(std::vector<onnx::TensorDef> tensors);
  Status sparse_initializers(std::vector<onnx::SparseTensorDef> tensors);
  Status initializer(std::string name, Fact fact, SparseConstantPtr sparse);
  void set_optional_inputs_apart();
  Status node_outputs(std::vector<onnx::NodeDef>& defs);
  Status value_infos(const std::vector<onnx::ValueInfo>& infos);
  Status nodes(std::vector<onnx::NodeDef> defs);
  Result<Node> node(onnx::NodeDef def);
  Status attribute_value(onnx::AttributeDef def, Attribute& made);
  Status check_domain(const Node& node) const;
  Status order_nodes();
  Status outputs(std::vector<onnx::ValueInfo> infos);
  Status value_fact(ValueId id, const onnx::ValueInfo& info, bool overrides);

  // The id of a name that is used here, captured from further out if need be;
  // kNoValue if unknown.
  ValueId resolve(const std::string& name);
  Result<GraphPtr> subgraph(const onnx::GraphDef& def);
  Result<TypePtr> type(onnx::TypeDef def);

  const ImportContext& context_;
  GraphImporter* outer_;
  int depth_;
  Graph graph_;
  std::vector<bool> has_default_;  // per input
  std::vector<Pending> pending_;
  std::vector<int32_t> defined_by_;       // per value: index of the pending node, or -1
  std::vector<ValueId>* uses_ = nullptr;  // of the node being imported
};

Result<ValueId> GraphImporter::define(std::string name, const char* what) {
  if (name.empty()) return invalid_argument("{}: expected a name, found none", what);
  if (graph_.find(name) != kNoValue) {
    return invalid_argument("{} `{}`: expected a name of its own, found one that is taken", what,
                            printable(name));
  }
  Value value;
  value.name = std::move(name);
  defined_by_.push_back(-1);
  return graph_.add_value(std::move(value));
}

Status GraphImporter::value_fact(ValueId id, const onnx::ValueInfo& info, bool overrides) {
  Fact declared = Fact::of(info.type);
  Value& value = graph_.value(id);
  if (!declared.is_known() || (value.fact.is_known() && !overrides)) return Status();
  if (value.fact.dtype != DType::kUndefined && declared.dtype != DType::kUndefined &&
      value.fact.dtype != declared.dtype) {
    return invalid_argument("value `{}`: expected one type, found {} and {}", printable(value.name),
                            printable(value.fact.to_string()), printable(declared.to_string()));
  }
  if (value.fact.constant == nullptr && value.sparse == nullptr) value.fact = std::move(declared);
  return Status();
}

Status GraphImporter::inputs(std::vector<onnx::ValueInfo> infos) {
  for (onnx::ValueInfo& info : infos) {
    ASSIGN_OR_RETURN(const ValueId id, define(info.name, "graph input"));
    RETURN_IF_ERROR(value_fact(id, info, false));
    graph_.inputs.push_back(id);
  }
  has_default_.resize(graph_.inputs.size());
  return Status();
}

// An initializer with the name of an input is that input's default.
Status GraphImporter::initializer(std::string name, Fact fact, SparseConstantPtr sparse) {
  const ValueId existing = graph_.find(name);
  const auto is_input = static_cast<size_t>(existing) < has_default_.size();  // inputs come first
  if (existing == kNoValue || !is_input || has_default_[static_cast<size_t>(existing)]) {
    ASSIGN_OR_RETURN(const ValueId id, define(std::move(name), "initializer"));
    graph_.value(id).fact = std::move(fact);
    graph_.value(id).sparse = std::move(sparse);
    return Status();
  }
  Value& value = graph_.value(existing);
  const Fact& declared = value.fact;
  const bool same_type = !declared.is_known() || declared.dtype == fact.dtype;
  const bool same_shape =
      !declared.shape || std::ranges::equal(*declared.shape, *fact.shape,
                                            [](auto& a, auto& b) { return a.may_equal(b); });
  if (!same_type || !same_shape) {
    return invalid_argument("initializer `{}`: expected {} as the input of that name, found {}",
                            printable(value.name), printable(declared.to_string()),
                            printable(fact.to_string()));
  }
  value.fact = std::move(fact);
  value.sparse = std::move(sparse);
  has_default_[static_cast<size_t>(existing)] = true;
  return Status();
}

void GraphImporter::set_optional_inputs_apart() {
  std::vector<ValueId> required;
  for (const ValueId id : graph_.inputs) {
    (has_default_[static_cast<size_t>(id)] ? graph_.optional_inputs : required).push_back(id);
  }
  graph_.inputs = std::move(required);
}

Status GraphImporter::initializers(std::vector<onnx::TensorDef> tensors) {
  for (onnx::TensorDef& tensor : tensors) {
    std::string name = tensor.name;
    ASSIGN_OR_RETURN(ConstantPtr constant, import_constant(std::move(tensor), context_));
    RETURN_IF_ERROR(initializer(std::move(name), Fact::of(std::move(constant)), nullptr));
  }
  return Status();
}

Status GraphImporter::sparse_initializers(std::vector<onnx::SparseTensorDef> tensors) {
  for (onnx::SparseTensorDef& tensor : tensors) {
    std::string name = tensor.values.name;
    ASSIGN_OR_RETURN(SparseConstantPtr sparse, import_sparse(std::move(tensor), context_));
    Fact fact;
    fact.dtype = sparse->values->dtype;
    fact.shape.emplace();
    for (const int64_t dim : sparse->shape.dims()) fact.shape->emplace_back(dim);
    RETURN_IF_ERROR(initializer(std::move(name), std::move(fact), std::move(sparse)));
  }
  return Status();
}

// All names are defined before any is used, so that nodes may come in any
// order.
Status GraphImporter::node_outputs(std::vector<onnx::NodeDef>& defs) {
  for (size_t i = 0; i < defs.size(); ++i) {
    Node node;
    for (std::string& name : defs[i].outputs) {
      if (name.empty()) {
        node.outputs.push_back(kNoValue);
        continue;
      }
      auto id = define(std::move(name), "output");
      if (!id.ok()) {
        node.name = defs[i].name;
        node.op_type = defs[i].op_type;
        return id.status().with_context(node.to_string());
      }
      defined_by_[static_cast<size_t>(*id)] = static_cast<int32_t>(i);
      node.outputs.push_back(*id);
    }
    pending_.push_back({std::move(node), {}});
  }
  return Status();
}

ValueId GraphImporter::resolve(const std::string& name) {
  ValueId id = graph_.find(name);
  if (id == kNoValue && outer_ != nullptr) {
    const ValueId outer = outer_->resolve(name);
    if (outer == kNoValue) return kNoValue;
    Value value;
    value.name = name;
    value.fact = outer_->graph_.value(outer).fact;
    defined_by_.push_back(-1);
    id = graph_.add_value(std::move(value));
    graph_.captures.push_back({id, outer});
  }
  if (id != kNoValue && uses_ != nullptr) uses_->push_back(id);
  return id;
}

Result<GraphPtr> GraphImporter::subgraph(const onnx::GraphDef& def) {
  if (depth_ >= onnx::kMaxGraphDepth) {
    return invalid_argument("expected graphs at most {} deep in one another, found more",
                            onnx::kMaxGraphDepth);
  }
  GraphImporter importer(context_, this, depth_ + 1);
  ASSIGN_OR_RETURN(Graph graph, importer.run(def));
  return std::make_shared<const Graph>(std::move(graph));
}

Result<TypePtr> GraphImporter::type(onnx::TypeDef def) {
  return TypePtr(std::make_shared<const onnx::TypeDef>(std::move(def)));
}

template <typename Out, typename In, typename Import>
Result<std::vector<Out>> import_each(std::vector<In> items, const Import& import) {
  std::vector<Out> made;
  made.reserve(items.size());
  for (In& item : items) {
    ASSIGN_OR_RETURN(Out one, import(std::move(item)));
    made.push_back(std::move(one));
  }
  return made;
}

template <typename Out>
Result<Out> only(std::vector<Out> items) {
  if (items.size() != 1) return invalid_argument("expected one value, found {}", items.size());
  return std::move(items.front());
}

Result<Attribute> GraphImporter::attribute(onnx::AttributeDef def) {
  Attribute made;
  made.name = std::move(def.name);
  made.type = def.type;
  made.ref_attr_name = std::move(def.ref_attr_name);
  if (!made.ref_attr_name.empty()) {
    if (!context_.in_function) {
      return invalid_argument("expected a value, found a reference to an attribute `{}`",
                              printable(made.ref_attr_name));
    }
    return made;
  }
  RETURN_IF_ERROR(attribute_value(std::move(def), made));
  return made;
}

Status GraphImporter::attribute_value(onnx::AttributeDef def, Attribute& made) {
  const auto constants = [&] {
    return import_each<ConstantPtr>(std::move(def.tensors), [&](onnx::TensorDef t) {
      return import_constant(std::move(t), context_);
    });
  };
  const auto graphs = [&] {
    return import_each<GraphPtr>(std::move(def.graphs),
                                 [&](const auto& g) { return subgraph(*g); });
  };
  const auto sparse = [&] {
    return import_each<SparseConstantPtr>(
        std::move(def.sparse_tensors),
        [&](onnx::SparseTensorDef t) { return import_sparse(std::move(t), context_); });
  };
  const auto types = [&] {
    return import_each<TypePtr>(std::move(def.types),
                                [&](onnx::TypeDef t) { return type(std::move(t)); });
  };
  // Fills the alternative with a list, or with its one item.
  const auto assign_list = [&](auto list) -> Status {
    ASSIGN_OR_RETURN(made.value, std::move(list));
    return Status();
  };
  const auto assign_one = [&](auto list) -> Status {
    if (!list.ok()) return list.status();
    ASSIGN_OR_RETURN(made.value, only(*std::move(list)));
    return Status();
  };
  switch (made.type) {
    case Type::kUndefined:
      return invalid_argument("expected a value, found none");
    case Type::kFloat:
      made.value = def.f;
      break;
    case Type::kInt:
      made.value = def.i;
      break;
    case Type::kString:
      made.value = std::move(def.s);
      break;
    case Type::kFloats:
      made.value = std::move(def.floats);
      break;
    case Type::kInts:
      made.value = std::move(def.ints);
      break;
    case Type::kStrings:
      made.value = std::move(def.strings);
      break;
    case Type::kTensor:
      return assign_one(constants());
    case Type::kTensors:
      return assign_list(constants());
    case Type::kGraph:
      return assign_one(graphs());
    case Type::kGraphs:
      return assign_list(graphs());
    case Type::kSparseTensor:
      return assign_one(sparse());
    case Type::kSparseTensors:
      return assign_list(sparse());
    case Type::kTypeProto:
      return assign_one(types());
    case Type::kTypeProtos:
      return assign_list(types());
  }
  return Status();
}

Status GraphImporter::check_domain(const Node& node) const {
  if (context_.domains.contains(node.domain)) return Status();
  return invalid_argument(
      "expected the model to import the operator set `{}`, which the node is from, found no such "
      "import",
      node.domain.empty() ? "ai.onnx" : printable(node.domain));
}

Result<Node> GraphImporter::node(onnx::NodeDef def) {
  Node node;
  node.name = std::move(def.name);
  node.op_type = std::move(def.op_type);
  node.domain = def.domain == "ai.onnx" ? std::string() : std::move(def.domain);
  node.overload = std::move(def.overload);
  node.doc = std::move(def.doc);
  node.metadata = std::move(def.metadata);
  const auto fill = [&]() -> Status {
    RETURN_IF_ERROR(check_domain(node));
    for (const std::string& name : def.inputs) {
      const ValueId id = name.empty() ? kNoValue : resolve(name);
      if (id == kNoValue && !name.empty()) {
        return invalid_argument(
            "expected its input `{}` to be an input, an initializer or another node's output, "
            "found no such value",
            printable(name));
      }
      node.inputs.push_back(id);
    }
    std::unordered_set<std::string> names;
    for (onnx::AttributeDef& a : def.attributes) {
      const std::string name = a.name;
      if (!names.insert(name).second) {
        return invalid_argument("attribute `{}`: expected one of that name, found two",
                                printable(name));
      }
      auto made = attribute(std::move(a));
      if (!made.ok()) {
        return made.status().with_context(fmt::format("attribute `{}`", printable(name)));
      }
      node.attributes.push_back(*std::move(made));
    }
    return Status();
  };
  const Status status = fill();
  if (!status.ok()) return status.with_context(node.to_string());
  return node;
}

Status GraphImporter::value_infos(const std::vector<onnx::ValueInfo>& infos) {
  for (const onnx::ValueInfo& info : infos) {
    const ValueId id = graph_.find(info.name);
    if (id != kNoValue) RETURN_IF_ERROR(value_fact(id, info, false));
  }
  return Status();
}

Status GraphImporter::nodes(std::vector<onnx::NodeDef> defs) {
  for (size_t i = 0; i < defs.size(); ++i) {
    uses_ = &pending_[i].uses;
    ASSIGN_OR_RETURN(Node made, node(std::move(defs[i])));
    uses_ = nullptr;
    made.outputs = std::move(pending_[i].node.outputs);
    pending_[i].node = std::move(made);
  }
  return order_nodes();
}

Status GraphImporter::order_nodes() {
  std::vector<std::vector<int32_t>> dependencies(pending_.size());
  for (size_t i = 0; i < pending_.size(); ++i) {
    for (const ValueId id : pending_[i].uses) {
      const int32_t before = defined_by_[static_cast<size_t>(id)];
      if (before >= 0) dependencies[i].push_back(before);
    }
  }
  const Order order = sort_topologically(dependencies);
  if (!order.cycle.empty()) {
    constexpr size_t kShown = 6;
    std::string names;
    for (size_t i = 0; i < order.cycle.size() && i < kShown; ++i) {
      names += pending_[static_cast<size_t>(order.cycle[i])].node.to_string() + " <- ";
    }
    names += order.cycle.size() > kShown
                 ? fmt::format("... ({} nodes)", order.cycle.size())
                 : pending_[static_cast<size_t>(order.cycle.front())].node.to_string();
    return invalid_argument("expected a graph without cycles, found {}", names);
  }
  for (const int32_t i : order.sorted) {
    graph_.add_node(std::move(pending_[static_cast<size_t>(i)].node));
  }
  return Status();
}

Status GraphImporter::outputs(std::vector<onnx::ValueInfo> infos) {
  std::unordered_set<ValueId> seen;
  for (const onnx::ValueInfo& info : infos) {
    const ValueId id = info.name.empty() ? kNoValue : resolve(info.name);
    if (id == kNoValue) {
      return invalid_argument(
          "graph output `{}`: expected a node, input or initializer that gives it, found none",
          printable(info.name));
    }
    if (depth_ == 1 && !seen.insert(id).second) {
      return invalid_argument("graph output `{}`: expected it once, found it twice",
                              printable(info.name));
    }
    RETURN_IF_ERROR(value_fact(id, info, true));
    graph_.outputs.push_back(id);
  }
  return Status();
}

Result<Graph> GraphImporter::run(onnx::GraphDef def) {
  graph_.name = std::move(def.name);
  graph_.doc = std::move(def.doc);
  graph_.metadata = std::move(def.metadata);
  graph_.quant_annotations = std::move(def.quant_annotations);
  RETURN_IF_ERROR(inputs(std::move(def.inputs)));
  RETURN_IF_ERROR(initializers(std::move(def.initializers)));
  RETURN_IF_ERROR(sparse_initializers(std::move(def.sparse_initializers)));
  set_optional_inputs_apart();
  RETURN_IF_ERROR(node_outputs(def.nodes));
  RETURN_IF_ERROR(value_infos(def.value_infos));
  RETURN_IF_ERROR(nodes(std::move(def.nodes)));
  RETURN_IF_ERROR(outputs(std::move(def.outputs)));
  return std::move(graph_);
}

}  // namespace

Result<Graph> import_graph(onnx::GraphDef def, const ImportContext& context) {
  return GraphImporter(context, nullptr, 1).run(std::move(def));
}

Result<Attribute> import_constant_attribute(onnx::AttributeDef def, const ImportContext& context) {
  if (!def.graphs.empty()) {
    return invalid_argument("attribute `{}`: expected a default without graphs, found one",
                            printable(def.name));
  }
  return GraphImporter(context, nullptr, 1).attribute(std::move(def));
}

}  // namespace escuta::graph
