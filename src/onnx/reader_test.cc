#include "onnx/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <protozero/pbf_writer.hpp>

#include "onnx/fields.h"
#include "onnx/test_models.h"

namespace escuta::onnx {
namespace {

using protozero::pbf_writer;
using testing::bytes_of;
using testing::fixture;
using ::testing::HasSubstr;
using testing::parse_text;

// A model whose graph has one initializer that `fill` writes.
template <typename Fill>
std::string with_tensor(const Fill& fill) {
  std::string tensor;
  pbf_writer tensor_writer(tensor);
  fill(tensor_writer);
  std::string graph;
  pbf_writer(graph).add_message(field::graph::kInitializer, tensor);
  std::string model;
  pbf_writer writer(model);
  writer.add_int64(field::model::kIrVersion, 8);
  writer.add_message(field::model::kGraph, graph);
  return model;
}

std::string with_tensor(std::vector<int64_t> dims, DType dtype, std::string_view raw) {
  return with_tensor([&](pbf_writer& t) {
    for (const int64_t dim : dims) t.add_int64(field::tensor::kDims, dim);
    t.add_int32(field::tensor::kDataType, static_cast<int32_t>(dtype));
    t.add_bytes(field::tensor::kRawData, raw.data(), raw.size());
  });
}

std::string message_of(const Result<Model>& result) {
  return result.ok() ? "OK" : std::string(result.status().message());
}

TEST(Reader, EveryElementTypeIsTheSameFromTypedFieldsAndFromRawData) {
  const auto model = read_model(fixture("dtypes.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  int compared = 0;
  for (const TensorDef& raw : model->graph.initializers) {
    if (!raw.name.ends_with("_raw")) continue;
    const std::string typed_name = raw.name.substr(0, raw.name.size() - 3) + "typed";
    for (const TensorDef& typed : model->graph.initializers) {
      if (typed.name != typed_name) continue;
      ++compared;
      EXPECT_EQ(typed.dtype, raw.dtype);
      EXPECT_TRUE(std::ranges::equal(typed.bytes, raw.bytes)) << raw.name;
    }
  }
  EXPECT_EQ(compared, kMaxDType - 1);  // all but undefined and string
}

TEST(Reader, TensorsAreAlignedUnlessToldOtherwise) {
  for (size_t shift = 0; shift < 8; ++shift) {
    const std::string bytes = with_tensor([&](pbf_writer& t) {
      t.add_string(field::tensor::kName, std::string(shift, 'n'));
      t.add_int64(field::tensor::kDims, 2);
      t.add_int32(field::tensor::kDataType, static_cast<int32_t>(DType::kDouble));
      t.add_bytes(field::tensor::kRawData, std::string(16, 'x'));
    });
    const auto aligned = parse_text(bytes);
    ASSERT_TRUE(aligned.ok()) << aligned.status().to_string();
    const TensorDef& tensor = aligned->graph.initializers.at(0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes.data()) % 8, 0u);
    EXPECT_EQ(static_cast<char>(tensor.bytes[15]), 'x');

    ReadOptions in_place;
    in_place.align_data_under = 0;
    const auto mapped = parse_model(bytes_of(bytes), {}, nullptr, in_place);
    ASSERT_TRUE(mapped.ok());
    const auto* data = reinterpret_cast<const char*>(mapped->graph.initializers.at(0).bytes.data());
    EXPECT_TRUE(data >= bytes.data() && data < bytes.data() + bytes.size());
  }
}

TEST(Reader, UnpackedTypedFieldsAreRead) {
  const auto model = parse_text(with_tensor([](pbf_writer& t) {
    t.add_int64(field::tensor::kDims, 3);
    t.add_int32(field::tensor::kDataType, static_cast<int32_t>(DType::kInt16));
    for (const int32_t v : {-1, 300, 7}) t.add_int32(field::tensor::kInt32Data, v);
  }));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  int16_t values[3];
  std::memcpy(values, model->graph.initializers.at(0).bytes.data(), sizeof(values));
  EXPECT_THAT(values, ::testing::ElementsAre(-1, 300, 7));
}

TEST(Reader, FieldsThatAreNotKnownAreSkipped) {
  std::string bytes = serialize_model(testing::small_model()).value();
  pbf_writer writer(bytes);
  writer.add_string(900, "from a later version of ONNX");
  writer.add_fixed64(901, 1);
  const auto model = parse_text(bytes);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->graph.nodes.size(), 2u);
}

TEST(Reader, TrainingInformationIsLeftOutAndSaidToBe) {
  std::string bytes = serialize_model(testing::small_model()).value();
  pbf_writer(bytes).add_bytes(field::model::kTrainingInfo, "");
  EXPECT_THAT(parse_text(bytes)->fields_left_out, ::testing::ElementsAre("training_info"));
}

TEST(Reader, TensorBytesMustBeWhatTheShapeAsksFor) {
  EXPECT_EQ(message_of(parse_text(with_tensor({2, 3}, DType::kFloat, "12345678"))),
            "tensor ``: expected 24 bytes for float [2, 3], found 8");
  // 2^31 elements, a few bytes: refused before any memory is taken.
  EXPECT_THAT(message_of(parse_text(with_tensor({int64_t{1} << 31}, DType::kFloat, "1234"))),
              HasSubstr("expected 8589934592 bytes for float [2147483648], found 4"));
  EXPECT_THAT(message_of(parse_text(with_tensor({65536, 65536, 65536, 65536}, DType::kInt8, ""))),
              HasSubstr("more elements than 64 bits can count"));
  EXPECT_THAT(message_of(parse_text(with_tensor({-2, -2}, DType::kInt8, "1234"))),
              HasSubstr("expected dimensions of 0 or more, found -2"));
  EXPECT_THAT(message_of(parse_text(with_tensor(std::vector<int64_t>(17, 1), DType::kInt8, "1"))),
              HasSubstr("expected at most 16 dimensions, found 17"));
  EXPECT_THAT(message_of(parse_text(with_tensor({1}, DType::kUndefined, "1"))),
              HasSubstr("expected an element type, found none"));
  EXPECT_THAT(message_of(parse_text(with_tensor({1}, static_cast<DType>(99), "1"))),
              HasSubstr("expected an ONNX element type from 0 to 26, found 99"));
  EXPECT_THAT(message_of(parse_text(with_tensor({1}, DType::kString, "1"))),
              HasSubstr("expected strings in string_data"));
}

TEST(Reader, TypedFieldsMustBeOfTheTypeAndCount) {
  const auto with_field = [](DType dtype, uint32_t number, int64_t dim,
                             std::initializer_list<int32_t> values) {
    return message_of(parse_text(with_tensor([&](pbf_writer& t) {
      t.add_int64(field::tensor::kDims, dim);
      t.add_int32(field::tensor::kDataType, static_cast<int32_t>(dtype));
      t.add_packed_int32(number, values.begin(), values.end());
    })));
  };
  EXPECT_THAT(with_field(DType::kInt64, field::tensor::kInt32Data, 1, {1}),
              HasSubstr("expected the elements of type int64 in int64_data"));
  EXPECT_THAT(with_field(DType::kInt64, field::tensor::kInt64Data, 3, {1, 2}),
              HasSubstr("expected 3 elements in int64_data, found 2"));
  EXPECT_THAT(with_field(DType::kInt64, field::tensor::kInt64Data, int64_t{1} << 40, {1}),
              HasSubstr("found 1"));
  EXPECT_THAT(with_field(DType::kUint8, field::tensor::kInt32Data, 1, {256}),
              HasSubstr("expected elements that fit type uint8"));
  EXPECT_EQ(with_field(DType::kInt8, field::tensor::kInt32Data, 2, {-128, 127}), "OK");
}

TEST(Reader, ErrorsAreReadableWhateverTheNames) {
  const auto model = parse_text(with_tensor([](pbf_writer& t) {
    t.add_string(field::tensor::kName, "\x1b[2J\n" + std::string(100'000, 'n'));
  }));
  EXPECT_THAT(message_of(model), ::testing::StartsWith("tensor `\\x1b[2J nnn"));
  EXPECT_LT(message_of(model).size(), 200u);
}

TEST(Reader, ASegmentIsNotATensor) {
  const auto model = parse_text(with_tensor([](pbf_writer& t) {
    t.add_int32(field::tensor::kDataType, 1);
    t.add_bytes(field::tensor::kSegment, "");
  }));
  EXPECT_EQ(model.status().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(message_of(model), HasSubstr("expected a whole tensor, found a segment of one"));
}

TEST(Reader, ForeignFilesAreNamed) {
  EXPECT_EQ(message_of(parse_text("")), "expected an ONNX model, found an empty file");
  EXPECT_EQ(message_of(parse_text("hello world, this is text")),
            "expected an ONNX model, found text");
  EXPECT_THAT(message_of(parse_text(std::string("PK\x03\x04\0\0", 6))),
              HasSubstr("found a zip archive"));
  EXPECT_THAT(message_of(parse_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(message_of(parse_text(std::string(64, '\0'))), HasSubstr("found zeros"));
  const TemporaryFolder folder;
  EXPECT_EQ(message_of(read_model(folder.write("a.onnx", "just words\n"))),
            (folder.path() / "a.onnx").string() + ": expected an ONNX model, found text");
  EXPECT_THAT(message_of(read_model(folder.path())), HasSubstr("found a directory"));
  EXPECT_EQ(read_model(folder.path() / "none.onnx").status().code(), StatusCode::kNotFound);
}

TEST(Reader, ACutFileIsSaidToBeCut) {
  const std::string whole = serialize_model(testing::small_model()).value();
  const auto cut = parse_text(whole.substr(0, whole.size() / 2));
  EXPECT_EQ(cut.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(message_of(cut), HasSubstr("the file is cut off"));
  EXPECT_THAT(message_of(cut), HasSubstr(std::to_string(whole.size() / 2)));
}

TEST(Reader, GraphsAndTypesNestOnlySoDeep) {
  const auto nested = [](int levels) {
    GraphDef graph;
    graph.name = "innermost";
    for (int i = 1; i < levels; ++i) {
      GraphDef around;
      around.nodes = {testing::node("If", {}, {})};
      around.nodes[0].attributes = {testing::graph_attribute("then_branch", std::move(graph))};
      graph = std::move(around);
    }
    Model model = testing::small_model();
    model.graph.nodes.clear();
    model.graph.nodes = graph.nodes;
    return parse_text(serialize_model(model).value());
  };
  EXPECT_TRUE(nested(32).ok());
  EXPECT_THAT(message_of(nested(33)), HasSubstr("expected graphs at most 32 deep"));
  EXPECT_LT(message_of(nested(33)).size(), 600u);  // not a line for each level

  const auto nested_type = [](int levels) {
    TypeDef type;
    type.kind = TypeDef::Kind::kTensor;
    for (int i = 1; i < levels; ++i) {
      TypeDef around;
      around.kind = TypeDef::Kind::kSequence;
      around.element = std::make_shared<const TypeDef>(std::move(type));
      type = std::move(around);
    }
    Model model = testing::small_model();
    model.graph.inputs[0].type = type;
    return parse_text(serialize_model(model).value());
  };
  EXPECT_TRUE(nested_type(32).ok());
  EXPECT_THAT(message_of(nested_type(33)), HasSubstr("expected types at most 32 deep"));
}

// A message of two bytes becomes a struct of hundreds.
TEST(Reader, MemoryIsBoundedByTheFilesSize) {
  std::string graph;
  std::string node;
  pbf_writer(node).add_string(field::node::kOpType, "A");
  for (int i = 0; i < 2'000'000; ++i) pbf_writer(graph).add_message(field::graph::kNode, node);
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_int64(field::model::kIrVersion, 8);
  writer.add_message(field::model::kGraph, graph);
  const auto model = parse_text(bytes);
  EXPECT_EQ(model.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(message_of(model), HasSubstr("expected a model that takes at most"));
}

TEST(Reader, AttributesHaveOneValueOfTheirType) {
  const auto with_attribute = [](const auto& fill) {
    std::string attribute, node, graph, model;
    pbf_writer attribute_writer(attribute);
    attribute_writer.add_string(field::attribute::kName, "a");
    fill(attribute_writer);
    pbf_writer node_writer(node);
    node_writer.add_string(field::node::kOpType, "Op");
    node_writer.add_message(field::node::kAttribute, attribute);
    pbf_writer(graph).add_message(field::graph::kNode, node);
    pbf_writer writer(model);
    writer.add_int64(field::model::kIrVersion, 1);
    writer.add_message(field::model::kGraph, graph);
    return parse_text(model);
  };
  const auto set_type = [](pbf_writer& w, AttributeDef::Type type) {
    w.add_enum(field::attribute::kType, static_cast<int32_t>(type));
  };
  // IR version 1 has no type.
  const auto untyped = with_attribute([](pbf_writer& w) { w.add_int64(field::attribute::kI, 5); });
  ASSERT_TRUE(untyped.ok()) << untyped.status().to_string();
  EXPECT_EQ(untyped->graph.nodes.at(0).attributes.at(0).type, AttributeDef::Type::kInt);

  EXPECT_THAT(message_of(with_attribute([&](pbf_writer& w) {
                set_type(w, AttributeDef::Type::kInts);
                w.add_float(field::attribute::kF, 1);
              })),
              HasSubstr("attribute `a`: expected one value"));
  EXPECT_THAT(
      message_of(with_attribute([&](pbf_writer& w) { set_type(w, AttributeDef::Type::kTensor); })),
      HasSubstr("found none"));
  EXPECT_THAT(message_of(with_attribute(
                  [&](pbf_writer& w) { set_type(w, static_cast<AttributeDef::Type>(77)); })),
              HasSubstr("expected a type from 0 to 14, found 77"));
  EXPECT_THAT(message_of(with_attribute([&](pbf_writer& w) {
                set_type(w, AttributeDef::Type::kGraph);
                w.add_bytes(field::attribute::kG, "");
                w.add_bytes(field::attribute::kG, "");
              })),
              HasSubstr("expected one value, found two"));
}

}  // namespace
}  // namespace escuta::onnx
