// ZipMap (ai.onnx.ml 1): each row of scores as a map from class labels, all of them a sequence.
#include "ops/check_input.h"
#include "ops/ml/labels.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"
#include "ops/sequence.h"

namespace escuta::ops {
namespace {

class ZipMap final : public Kernel {
 public:
  explicit ZipMap(const NodeInfo& node)
      : labels_(node, "classlabels_strings", "classlabels_int64s") {
    if (labels_.strings().empty() == labels_.integers().empty()) {
      node.fail(invalid_argument(
          "expected one of `classlabels_strings` and `classlabels_int64s`, found {}",
          labels_.strings().empty() ? "none" : "both"));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kFloat));
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    const auto count = static_cast<int64_t>(labels_.size());
    if (rows.width != count) {
      return invalid_argument("expected {} columns, one for each label, found {}", count,
                              rows.width);
    }
    const Shape shape({count});
    ASSIGN_OR_RETURN(const Datum keys, labels_.are_strings()
                                           ? Datum::of<std::string>(shape, labels_.strings())
                                           : Datum::of<int64_t>(shape, labels_.integers()));
    const auto src = call.input(0).as<float>();
    std::vector<Datum> items;
    for (int64_t row = 0; row < rows.count; ++row) {
      auto map = std::make_shared<Map>();
      map->keys = keys;
      ASSIGN_OR_RETURN(
          map->values,
          Datum::of<float>(shape, src.subspan(static_cast<size_t>(row * count), labels_.size())));
      items.push_back(Datum::of(std::shared_ptr<const Map>(std::move(map))));
    }
    return set_sequence(call, DType::kUndefined, std::move(items));
  }

 private:
  ml::Labels labels_;
};

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  using Type = onnx::TypeDef;
  Type value;
  value.kind = Type::Kind::kTensor;
  value.dtype = DType::kFloat;
  value.shape.emplace();
  Type map;
  map.kind = Type::Kind::kMap;
  map.dtype = node.texts("classlabels_strings").empty() ? DType::kInt64 : DType::kString;
  map.element = std::make_shared<const Type>(std::move(value));
  Type sequence;
  sequence.kind = Type::Kind::kSequence;
  sequence.element = std::make_shared<const Type>(std::move(map));
  node.output(0) = Fact::of(sequence);
}

}  // namespace

extern const Operator kMlZipMap = {.domain = "ai.onnx.ml",
                                   .name = "ZipMap",
                                   .versions = {1},
                                   .inputs = {1, 1},
                                   .infer = infer,
                                   .create = make<ZipMap>};

}  // namespace escuta::ops
