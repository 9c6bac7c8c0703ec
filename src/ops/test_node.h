// A node put together by hand, for tests of operators: its kernel, its inference, a run of it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "onnx/model.h"
#include "ops/evaluate.h"
#include "ops/inference.h"
#include "ops/operator.h"

namespace escuta::ops {

class TestNode {
 public:
  TestNode(std::string_view domain, std::string_view name, int version, size_t inputs,
           size_t outputs = 1)
      : op_(find_operator(domain, name)), version_(version) {
    node_.op_type = name;
    node_.domain = domain;
    for (size_t i = 0; i < inputs; ++i) node_.inputs.push_back(static_cast<graph::ValueId>(i));
    for (size_t i = 0; i < outputs; ++i) node_.outputs.push_back(static_cast<graph::ValueId>(i));
    EXPECT_NE(op_, nullptr) << name;
  }

  // T: one of Attribute::value's alternatives.
  template <typename T>
  TestNode& set(std::string_view name, T value) {
    graph::Attribute attribute;
    attribute.name = name;
    attribute.value = std::move(value);
    node_.attributes.push_back(std::move(attribute));
    return *this;
  }
  TestNode& set(std::string_view name, int value) { return set(name, static_cast<int64_t>(value)); }
  TestNode& set(std::string_view name, const char* value) { return set(name, std::string(value)); }

  Result<KernelPtr> create() const {
    const std::vector<graph::Fact> facts(node_.inputs.size());
    return op_->create(NodeInfo(node_, version_, pointers(facts)));
  }
  Status create_status() const {
    auto kernel = create();
    return kernel.ok() ? Status() : std::move(kernel).status();
  }

  size_t input_count() const { return node_.inputs.size(); }

  Result<std::vector<Datum>> run(const std::vector<Datum>& inputs,
                                 size_t limit = size_t{1} << 34) const {
    ASSIGN_OR_RETURN(const KernelPtr kernel, create());
    return evaluate(*kernel, inputs, std::vector<bool>(node_.outputs.size(), true), limit);
  }

  using InferBody =
      std::function<std::vector<graph::Fact>(std::string_view, std::vector<graph::Fact>)>;
  Result<std::vector<graph::Fact>> infer(const std::vector<graph::Fact>& facts,
                                         InferBody body = nullptr) const {
    Inference inference(node_, version_, pointers(facts));
    inference.infer_body = std::move(body);
    op_->infer(inference);
    if (!inference.status().ok()) return inference.status();
    return std::move(inference.outputs());
  }

 private:
  static std::vector<const graph::Fact*> pointers(const std::vector<graph::Fact>& facts) {
    std::vector<const graph::Fact*> result;
    for (const graph::Fact& fact : facts) result.push_back(&fact);
    return result;
  }

  const Operator* op_;
  int version_;
  graph::Node node_;
};

// A tensor with these elements.
template <typename T>
Datum tensor(const Shape& shape, const std::vector<T>& values) {
  EXPECT_EQ(static_cast<int64_t>(values.size()), shape.count());
  Datum datum = Datum::create(dtype_of<T>(), shape).value();
  std::copy(values.begin(), values.end(), datum.mutable_data<T>());
  return datum;
}

template <typename T>
std::vector<T> elements(const Datum& datum) {
  const auto view = datum.as<T>();
  return {view.begin(), view.end()};
}

}  // namespace escuta::ops
