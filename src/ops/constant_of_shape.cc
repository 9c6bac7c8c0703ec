// ConstantOfShape (ai.onnx 9, 20, 21, 23, 24, 25): one value in a shape that is an input.
#include "ops/arguments.h"
#include "ops/constant_datum.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// The elements, where the output is a vector of integers that may be a shape.
void infer_elements(Inference& node, const graph::Constant& value, const Dims& dims) {
  if (dims.size() != 1 || !dims[0].is_known() || value.dtype != DType::kInt64) return;
  if (dims[0].value() > static_cast<int64_t>(kMaxElements)) return;
  if (value.bytes.size() != sizeof(int64_t)) return;
  const Dim element = dim_of(value.view().as<int64_t>()[0]);
  set_elements(node, 0, Dims(static_cast<size_t>(dims[0].value()), element));
}

void infer(Inference& node) {
  const graph::ConstantPtr value = node.tensor("value");
  const DType dtype = value == nullptr ? DType::kFloat : value->dtype;
  std::optional<Dims> dims = small_elements(node, 0);
  if (!dims) {
    const std::optional<size_t> rank = vector_length(node, 0);
    if (rank && *rank <= kMaxRank) dims = Dims(*rank);
  }
  node.set(0, dtype, dims);
  if (value != nullptr && dims) infer_elements(node, *value, *dims);
}

class ConstantOfShape final : public Kernel {
 public:
  explicit ConstantOfShape(Datum value) : value_(std::move(value)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const IntList dims, read_ints(call, 0, "shape"));
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, value_.dtype(), shape));
    // A packed element is in the lowest bits of its byte.
    RETURN_IF_ERROR(fill_cells(out.dtype(), value_.bytes(), shape.count(), out.data()));
    out.finish();
    return {};
  }

 private:
  Datum value_;
};

Result<KernelPtr> create(const NodeInfo& node) {
  const graph::ConstantPtr constant = node.tensor("value");
  if (!node.status().ok()) return node.status();
  const float zero = 0;
  ASSIGN_OR_RETURN(Datum value, constant == nullptr
                                    ? Datum::of<float>(Shape{}, std::span<const float>(&zero, 1))
                                    : datum_of(constant));
  if (value.count() != 1) {
    return invalid_argument("attribute `value`: expected one element, found shape {}",
                            value.shape().to_string());
  }
  return KernelPtr(std::make_unique<ConstantOfShape>(std::move(value)));
}

}  // namespace

extern const Operator kConstantOfShape = {.domain = "",
                                          .name = "ConstantOfShape",
                                          .versions = {9, 20, 21, 23, 24, 25},
                                          .inputs = {1, 1},
                                          .infer = infer,
                                          .create = create};

}  // namespace escuta::ops
