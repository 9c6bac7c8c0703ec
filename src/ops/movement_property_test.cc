// Whatever the inputs, operators that move elements end with a result or an error, and what shape
// inference claims of the result is true: random small nodes, with facts that are known in part.
#include <algorithm>
#include <random>
#include <set>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

struct Subject {
  std::string_view name;
  // d: data of the node's element type; i: a short vector of integers, n: one integer, I: integers
  // of any shape; f: data in float; s: scales; b: a short vector of booleans.
  std::string_view inputs;
  std::vector<std::string_view> integers;  // attributes
  std::vector<std::string_view> lists;
  std::vector<std::pair<std::string_view, std::vector<const char*>>> texts;
  size_t outputs = 1;
  bool rarely_fits = false;  // random shapes are mostly refused: no result is asked for
};

const std::vector<const char*> kReductions = {"none", "add", "mul", "max", "min"};
const Subject kSubjects[] = {
    {"Identity", "d", {}, {}, {}},
    {"ConstantOfShape", "i", {}, {}, {}},
    {"Shape", "d", {"start", "end"}, {}, {}},
    {"Size", "d", {}, {}, {}},
    {"Reshape", "di", {"allowzero"}, {"shape"}, {}},
    {"Flatten", "d", {"axis"}, {}, {}},
    {"Squeeze", "di", {}, {"axes"}, {}},
    {"Unsqueeze", "di", {}, {"axes"}, {}},
    {"Transpose", "d", {}, {"perm"}, {}},
    {"Concat", "ddd", {"axis"}, {}, {}},
    {"Split", "di", {"axis", "num_outputs"}, {"split"}, {}, 2},
    {"Slice", "diiii", {}, {"starts", "ends", "axes"}, {}},
    {"Gather", "dI", {"axis"}, {}, {}},
    {"GatherElements", "dI", {"axis"}, {}, {}},
    {"GatherND", "dI", {"batch_dims"}, {}, {}},
    {"Scatter", "dId", {"axis"}, {}, {}},
    {"ScatterElements", "dId", {"axis"}, {}, {{"reduction", kReductions}}},
    {"ScatterND", "dId", {}, {}, {{"reduction", kReductions}}},
    {"TensorScatter", "ddi", {"axis"}, {}, {{"mode", {"linear", "circular"}}}},
    {"Pad", "dini", {}, {"pads", "paddings"}, {{"mode", {"constant", "reflect", "edge", "wrap"}}}},
    {"Tile", "din", {}, {}, {}},
    {"Expand", "di", {}, {}, {}},
    {"OneHot", "Ind", {"axis"}, {}, {}},
    {"EyeLike", "d", {"k"}, {}, {}},
    {"Trilu", "dn", {"upper"}, {}, {}},
    {"NonZero", "d", {}, {}, {}},
    {"Unique", "d", {"axis", "sorted"}, {}, {}, 4},
    {"Compress", "db", {"axis"}, {}, {}},
    {"TopK", "dn", {"axis", "k", "largest"}, {}, {}, 2},
    {"ReverseSequence", "di", {"batch_axis", "time_axis"}, {}, {}},
    {"SpaceToDepth", "d", {"blocksize"}, {}, {}},
    {"DepthToSpace", "d", {"blocksize"}, {}, {{"mode", {"DCR", "CRD"}}}},
    {"CenterCropPad", "di", {}, {"axes"}, {}},
    {"Upsample", "ds", {}, {}, {{"mode", {"nearest", "linear"}}}},
    {"Resize",
     "dssi",
     {"antialias", "exclude_outside"},
     {"axes"},
     {{"mode", {"nearest", "linear", "cubic"}},
      {"coordinate_transformation_mode", {"half_pixel", "align_corners", "tf_crop_and_resize"}},
      {"keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"}}}},
    {"GridSample",
     "df",
     {"align_corners"},
     {},
     {{"mode", {"linear", "nearest", "cubic"}},
      {"padding_mode", {"zeros", "border", "reflection"}}}},
    {"AffineGrid", "fi", {"align_corners"}, {}, {}, 1, true},
    {"RoiAlign", "ffi", {"output_height", "output_width"}, {}, {{"mode", {"avg", "max"}}}},
    {"MaxRoiPool", "ff", {}, {"pooled_shape"}, {}, 1, true},
    {"NonMaxSuppression", "ffn", {"center_point_box"}, {}, {}},
    {"Col2Im", "dii", {}, {"strides", "pads", "dilations"}, {}, 1, true},
};

class Source {
 public:
  explicit Source(uint64_t seed) : random_(seed) {}
  int64_t below(int64_t count) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(count));
  }
  bool chance(int percent) { return below(100) < percent; }
  // Mostly small; now and then what overflows.
  int64_t integer() {
    if (chance(97)) return below(7) - 2;
    const int64_t extremes[] = {INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, int64_t{1} << 40, -100};
    return extremes[below(6)];
  }
  std::vector<int64_t> list() {
    std::vector<int64_t> values(static_cast<size_t>(below(5)));
    for (int64_t& value : values) value = integer();
    return values;
  }
  // Now and then the same once more.
  Shape shape() {
    if (chance(70)) last_ = new_shape();
    return last_;
  }
  Shape new_shape() {
    std::vector<int64_t> dims(static_cast<size_t>(chance(30) ? 4 : below(5)));
    const int64_t shared = below(5);
    for (int64_t& dim : dims) dim = chance(30) ? shared : chance(5) ? 0 : 1 + below(4);
    return Shape::create(dims).value();
  }

  Datum datum(DType dtype, const Shape& dims) {
    Datum result = Datum::create(dtype, dims).value();
    if (dtype == DType::kString) {
      for (int64_t i = 0; i < dims.count(); ++i) {
        result.mutable_data<std::string>()[i] = std::string(static_cast<size_t>(below(3)), 'x');
      }
      return result;
    }
    const size_t bytes = dtype_bytes(dtype, dims.count()).value();
    std::byte* data = result.mutable_bytes();
    for (size_t i = 0; i < bytes; ++i)
      data[i] = static_cast<std::byte>(dtype == DType::kBool ? below(2) : below(256));
    for (int64_t i = 0; i < dims.count(); ++i) {
      if (dtype == DType::kInt64) result.mutable_data<int64_t>()[i] = integer();
      if (dtype == DType::kInt32)
        result.mutable_data<int32_t>()[i] = static_cast<int32_t>(integer());
      if (dtype == DType::kFloat && chance(98)) {
        result.mutable_data<float>()[i] = static_cast<float>(below(60) - 20) / 10;
      }
    }
    return result;
  }

  Datum input(char kind, DType dtype) {
    const DType integers = chance(80) ? DType::kInt64 : DType::kInt32;
    if (chance(3)) return {};
    if (chance(3)) return datum(random_dtype(), shape());
    switch (kind) {
      case 'i':
        return datum(integers, Shape{below(5)});
      case 'n':
        return datum(integers, chance(50) ? Shape{} : Shape{1});
      case 'I':
        return datum(integers, shape());
      case 'b':
        return datum(DType::kBool, Shape{below(5)});
      case 'f':
        return datum(DType::kFloat, shape());
      case 's':
        return datum(DType::kFloat, Shape{chance(30) ? 0 : below(5)});
      default:
        return datum(dtype, shape());
    }
  }

  DType random_dtype() {
    const DType dtypes[] = {DType::kFloat,   DType::kInt64, DType::kInt32,        DType::kUint8,
                            DType::kBool,    DType::kInt4,  DType::kFloat8E4M3FN, DType::kString,
                            DType::kFloat16, DType::kUint2, DType::kComplex64,    DType::kDouble};
    return chance(50) ? DType::kFloat : dtypes[below(12)];
  }

  // A dimension: known, a symbol that tells the number, or unknown.
  Dim dim(int64_t value) {
    if (value < 0 || chance(15)) return {};
    return chance(40) ? Dim("n" + std::to_string(value)) : Dim(value);
  }

  // Something that is true of the datum.
  Fact fact(const Datum& datum) {
    Fact result;
    if (!datum.is_tensor() || chance(5)) return result;
    result.dtype = datum.dtype();
    if (chance(10)) return result;
    result.shape.emplace();
    for (const int64_t value : datum.shape().dims()) result.shape->push_back(dim(value));
    const bool integers = datum.dtype() == DType::kInt64 || datum.dtype() == DType::kInt32;
    if (chance(60) && datum.dtype() != DType::kString) {
      auto constant = std::make_shared<graph::Constant>();
      constant->dtype = datum.dtype();
      constant->shape = datum.shape();
      constant->bytes = {datum.bytes(), datum.byte_size()};
      Fact known = Fact::of(constant);
      return known;
    }
    if (integers && datum.shape().rank() <= 1 && chance(70)) {
      result.elements.emplace();
      for (int64_t i = 0; i < datum.count(); ++i) {
        result.elements->push_back(dim(datum.dtype() == DType::kInt64
                                           ? datum.as<int64_t>()[static_cast<size_t>(i)]
                                           : datum.as<int32_t>()[static_cast<size_t>(i)]));
      }
    }
    return result;
  }

 private:
  Shape last_;
  std::mt19937_64 random_;
};

bool is_true(const Dim& claim, int64_t value) {
  if (claim.is_known()) return claim.value() == value;
  return claim.symbol().empty() || claim.symbol() == "n" + std::to_string(value);
}

void expect_true(const Fact& claim, const Datum& datum) {
  if (claim.dtype != DType::kUndefined) {
    EXPECT_EQ(claim.dtype, datum.dtype());
  }
  const std::string what = claim.to_string() + " of " + datum.shape().to_string();
  if (claim.shape) {
    ASSERT_EQ(static_cast<int>(claim.shape->size()), datum.shape().rank()) << what;
    for (size_t i = 0; i < claim.shape->size(); ++i) {
      EXPECT_TRUE(is_true((*claim.shape)[i], datum.shape()[static_cast<int>(i)])) << what;
    }
  }
  if (!claim.elements) return;
  ASSERT_EQ(static_cast<int64_t>(claim.elements->size()), datum.count());
  for (size_t i = 0; i < claim.elements->size(); ++i) {
    const int64_t value = datum.dtype() == DType::kInt64   ? datum.as<int64_t>()[i]
                          : datum.dtype() == DType::kInt32 ? datum.as<int32_t>()[i]
                                                           : -1;
    EXPECT_TRUE(is_true((*claim.elements)[i], value)) << "element " << i << " of " << value;
  }
}

TestNode make_node(const Subject& subject, int version, Source& source) {
  const size_t inputs =
      subject.inputs.size() -
      static_cast<size_t>(
          source.chance(30) ? source.below(static_cast<int64_t>(subject.inputs.size())) : 0);
  TestNode node("", subject.name, version, inputs, subject.outputs);
  for (const std::string_view name : subject.integers) {
    if (source.chance(60)) node.set(name, source.integer());
  }
  for (const std::string_view name : subject.lists) {
    if (source.chance(60)) node.set(name, source.list());
  }
  for (const auto& [name, values] : subject.texts) {
    if (source.chance(70)) {
      node.set(name,
               values[static_cast<size_t>(source.below(static_cast<int64_t>(values.size())))]);
    }
  }
  return node;
}

class Movement : public testing::TestWithParam<Subject> {};

TEST_P(Movement, ResultsAreAsInferredAndNothingCrashes) {
  const Subject& subject = GetParam();
  const Operator* op = find_operator("", subject.name);
  ASSERT_NE(op, nullptr);
  int results = 0;
  for (const int version : op->versions.all()) {
    Source source(static_cast<uint64_t>(version));
    for (int round = 0; round < 2000; ++round) {
      const TestNode node = make_node(subject, version, source);
      std::vector<Datum> inputs;
      std::vector<Fact> facts;
      const DType dtype = source.random_dtype();
      for (size_t i = 0; i < node.input_count(); ++i) {
        inputs.push_back(source.input(subject.inputs[i], dtype));
        facts.push_back(source.fact(inputs.back()));
      }
      const Result<std::vector<Fact>> claims = node.infer(facts);
      const Result<std::vector<Datum>> outputs = node.run(inputs, size_t{1} << 24);
      if (!outputs.ok()) continue;
      ++results;
      ASSERT_TRUE(claims.ok()) << "version " << version << " round " << round << ": "
                               << claims.status().to_string();
      for (size_t i = 0; i < outputs->size(); ++i) {
        if ((*outputs)[i].is_tensor()) expect_true((*claims)[i], (*outputs)[i]);
      }
      ASSERT_FALSE(HasFailure()) << "version " << version << " round " << round;
    }
  }
  if (!subject.rarely_fits) {
    EXPECT_GT(results, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, Movement, testing::ValuesIn(kSubjects),
                         [](const auto& subject) { return std::string(subject.param.name); });

}  // namespace
}  // namespace escuta::ops
