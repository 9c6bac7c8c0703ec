#include "engine/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "engine/fake_provider_test.h"
#include "graph/import.h"

namespace escuta::engine {
namespace {

using ::testing::HasSubstr;

const Availability kHere = {true, "", "1.0", "CPU"};
const Availability kMissing = {false, "libfast.so is not there; install it", "", ""};

SessionOptions with(std::vector<std::string> providers) {
  SessionOptions options;
  options.providers = std::move(providers);
  return options;
}

int warnings = 0;
void count_warning() { ++warnings; }

class SessionChoice : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(file_.written().ok()) << file_.written().to_string();
    registry_.add(std::make_unique<FakeProvider>("missing", kMissing));
    registry_.add(std::make_unique<FakeProvider>("picky", kHere, Status(),
                                                 std::vector<Refusal>{{0, "Sum is beneath it"}}));
    registry_.add(
        std::make_unique<FakeProvider>("broken", kHere, internal_error("its compiler fell over")));
    registry_.add(std::make_unique<FakeProvider>("good", kHere));
    registry_.add(
        std::make_unique<FakeProvider>("half", kHere, Status(), std::vector<Refusal>{},
                                       std::vector<Assignment>{{"half", 1}, {"good", 1}}));
    registry_.add(std::make_unique<FakeProvider>("shirker", kHere, Status(), std::vector<Refusal>{},
                                                 std::vector<Assignment>{{"good", 2}}));
    warnings = 0;
    set_log_hook(&count_warning);
  }
  void TearDown() override { set_log_hook(nullptr); }

  ModelFile file_{{"x", "past"}, {"y", "present"}};
  Registry registry_;
};

TEST_F(SessionChoice, TakesAModelFromMemory) {
  graph::Model model = *graph::load_model(file_.path()).value();
  model.path.clear();
  const auto shared = std::make_shared<const graph::Model>(std::move(model));
  const auto session = Session::load(registry_, shared, with({"good"}));
  ASSERT_TRUE(session.ok()) << session.status().to_string();
  EXPECT_EQ(&(*session)->model(), shared.get());
  EXPECT_EQ(Session::load(registry_, shared, with({"broken"})).status().message(),
            "the model in memory: provider broken: its compiler fell over");
}

TEST_F(SessionChoice, AutoWalksTheRegistryAndKeepsTheReasons) {
  const auto session = Session::load(registry_, file_.path(), with({"auto"}));
  ASSERT_TRUE(session.ok()) << session.status().to_string();
  const auto places = (*session)->placements();
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[0].provider, "missing");
  EXPECT_EQ(places[0].reason, kMissing.reason);
  EXPECT_THAT(places[1].reason, HasSubstr("does not run 1 of 2 nodes"));
  EXPECT_THAT(places[1].reason, HasSubstr("Sum is beneath it"));
  EXPECT_EQ(places[2].reason, "its compiler fell over");
  EXPECT_EQ(places[3].provider, "good");
  EXPECT_EQ(places[3].nodes, 2);
  EXPECT_EQ(warnings, 3);  // one for each step down
}

TEST_F(SessionChoice, AListIsWalkedInItsOrder) {
  const auto session = Session::load(registry_, file_.path(), with({"nowhere", "good", "half"}));
  ASSERT_TRUE(session.ok());
  EXPECT_THAT((*session)->placements()[0].reason, HasSubstr("found `nowhere`"));
  EXPECT_EQ((*session)->placements()[1].provider, "good");
}

TEST_F(SessionChoice, OneNameIsStrict) {
  const Status status = Session::load(registry_, file_.path(), with({"missing"})).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("libfast.so"));
  EXPECT_EQ(Session::load(registry_, file_.path(), with({"broken"})).status().code(),
            StatusCode::kInternal);
  EXPECT_EQ(warnings, 0);
}

TEST_F(SessionChoice, SaysWhatRanElsewhere) {
  const auto session = Session::load(registry_, file_.path(), with({"half"}));
  ASSERT_TRUE(session.ok());
  const auto places = (*session)->placements();
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].nodes, 1);
  EXPECT_EQ(places[1].provider, "good");
  EXPECT_EQ(places[1].reason, "not taken by half");
  EXPECT_EQ(warnings, 1);
  // A provider that runs nothing itself is not the one that was asked for.
  EXPECT_THAT(
      std::string(Session::load(registry_, file_.path(), with({"shirker"})).status().message()),
      HasSubstr("none of the model's nodes"));
}

TEST_F(SessionChoice, NamesEveryReasonWhenNoneCan) {
  const Status status =
      Session::load(registry_, file_.path(), with({"missing", "broken"})).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("missing: libfast.so"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("broken: its compiler fell over"));
}

TEST_F(SessionChoice, OthersAreLookedForOnlyWhereTheFirstDoesNotTakeIt) {
  int searches = 0;
  const auto later = [&] {
    ++searches;
    Registry::Providers found;
    found.push_back(std::make_unique<FakeProvider>("late", kHere));
    return found;
  };
  Registry willing, unwilling;
  willing.add(std::make_unique<FakeProvider>("good", kHere));
  willing.add_later(later);
  const auto first = Session::load(willing, file_.path(), with({"auto"}));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->placements()[0].provider, "good");
  EXPECT_EQ(searches, 0);
  EXPECT_EQ(willing.find("good")->name(), "good");
  EXPECT_EQ(willing.ready().size(), 1u);
  EXPECT_EQ(searches, 0);
  EXPECT_NE(willing.find("late"), nullptr);
  EXPECT_EQ(willing.providers().size(), 2u);
  EXPECT_EQ(searches, 1);

  unwilling.add(std::make_unique<FakeProvider>("broken", kHere, internal_error("it fell over")));
  unwilling.add_later(later);
  const auto second = Session::load(unwilling, file_.path(), with({"auto"}));
  ASSERT_TRUE(second.ok());
  ASSERT_EQ((*second)->placements().size(), 2u);
  EXPECT_EQ((*second)->placements()[1].provider, "late");
  EXPECT_EQ(searches, 2);
}

TEST_F(SessionChoice, AMissingModelIsNotFound) {
  const Status status = Session::load(registry_, "/none.onnx", with({"auto"})).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/none.onnx"));
}

TEST_F(SessionChoice, ChecksWhatItIsGiven) {
  const auto session = Session::load(registry_, file_.path(), with({"good"})).value();
  const auto message = [&](std::vector<Value> inputs, std::span<const bool> wanted = {}) {
    return std::string(session->run(inputs, wanted).status().message());
  };
  EXPECT_EQ(message({scalar(1)}), "expected 2 inputs, found 1");
  EXPECT_EQ(message({scalar(1), Value()}), "input `past`: expected float [1], found none");
  EXPECT_EQ(message({scalar(1), Value::of(Tensor::create(DType::kInt64, {1}).value())}),
            "input `past`: expected float [1], found int64 [1]");
  EXPECT_EQ(message({scalar(1), Value::of(Tensor::create(DType::kFloat, {2}).value())}),
            "input `past`: expected float [1], found float [2]");
  const bool none[] = {false, false};
  EXPECT_EQ(message({scalar(1), scalar(2)}, none),
            "expected at least one wanted output, found none");
  EXPECT_EQ(message({scalar(1), scalar(2)}, {none, 1}),
            "expected a choice among 2 outputs, found one among 1");
}

TEST(ProviderList, Parses) {
  EXPECT_EQ(parse_provider_list("auto").value(), std::vector<std::string>{"auto"});
  EXPECT_EQ(parse_provider_list("ort:qnn,ort").value(),
            (std::vector<std::string>{"ort:qnn", "ort"}));
  for (const char* bad : {"", ",", "a,", ",a", "a,a"}) {
    EXPECT_EQ(parse_provider_list(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ValueTest, ViewsAndCopies) {
  EXPECT_FALSE(static_cast<bool>(Value()));
  EXPECT_EQ(Value().view().status().code(), StatusCode::kFailedPrecondition);
  const Value value = scalar(3);
  Tensor copy = value.to_host().value();
  copy.as<float>()[0] = 4;
  EXPECT_EQ(scalar_of(value), 3);
  // No elements, but on the host.
  EXPECT_TRUE(Value::of(Tensor::create(DType::kFloat, {0, 4}).value()).view().ok());
}

}  // namespace
}  // namespace escuta::engine
