#include "engine/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fake_provider_test.h"

namespace escuta::engine {
namespace {

using ::testing::HasSubstr;

class StepperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    registry_.add(std::make_unique<FakeProvider>("fake", Availability{true, "", "", ""}));
    const auto load = [&](const ModelFile& file) {
      return Session::load(registry_, file.path(), SessionOptions()).value();
    };
    step_ = load(ModelFile({"x", "past_key_values.0.decoder.key"}, {"y", "present.0.decoder.key"}));
    source_ = load(ModelFile({"x"}, {"y", "present.0.decoder.key"}));
    other_ = load(ModelFile({"x"}, {"y", "present.1.decoder.key"}));
  }
  Registry registry_;
  std::shared_ptr<const Session> step_, source_, other_;
};

constexpr const char* kPast = "past_key_values.0.decoder.key";

TEST_F(StepperTest, CarriesStateFromStepToStep) {
  Stepper stepper(step_);
  ASSERT_TRUE(stepper.set(kPast, scalar(100)).ok());
  ASSERT_TRUE(stepper.set("x", scalar(1)).ok());
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 101);
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 102);  // x stays set
  const Value last = stepper.step("present.0.decoder.key").value();
  EXPECT_EQ(scalar_of(last), 103);
  ASSERT_TRUE(stepper.step("y").ok());
  // The state is handed on, not copied.
  EXPECT_EQ(FakeExecutable::last_inputs[1].datum().bytes(), last.datum().bytes());
}

TEST_F(StepperTest, TakesStateFromAnotherSession) {
  const Value x[] = {scalar(2)};
  const auto outputs = source_->run(x).value();
  Stepper stepper(step_);
  ASSERT_TRUE(stepper.adopt(*source_, outputs).ok());
  ASSERT_TRUE(stepper.set("x", scalar(1)).ok());
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 21);
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 22);
}

TEST_F(StepperTest, TakesStateFromItsOwnSession) {
  const Value inputs[] = {scalar(2), scalar(3)};
  const auto outputs = step_->run(inputs).value();
  Stepper stepper(step_);
  ASSERT_TRUE(stepper.adopt(*step_, outputs).ok());
  ASSERT_TRUE(stepper.set("x", scalar(1)).ok());
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 6);
}

TEST_F(StepperTest, KeepsAStateThatTheGraphLetsGo) {
  Stepper stepper(step_);
  ASSERT_TRUE(stepper.set(kPast, scalar(5)).ok());
  ASSERT_TRUE(stepper.set("x", scalar(1000)).ok());  // `present` comes out empty
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 1005);
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 1005);
}

TEST_F(StepperTest, AnErrorLeavesTheState) {
  Stepper stepper(step_);
  ASSERT_TRUE(stepper.set(kPast, scalar(5)).ok());
  ASSERT_TRUE(stepper.set("x", scalar(-1)).ok());
  EXPECT_EQ(stepper.step("y").status().code(), StatusCode::kInternal);
  ASSERT_TRUE(stepper.set("x", scalar(1)).ok());
  EXPECT_EQ(scalar_of(stepper.step("y").value()), 6);
}

TEST_F(StepperTest, SaysWhatIsMissing) {
  Stepper stepper(step_);
  EXPECT_THAT(std::string(stepper.set("z", scalar(1)).message()),
              HasSubstr("expected an input `z`, found x, past_key_values.0.decoder.key"));
  EXPECT_EQ(stepper.step("z").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(stepper.step("y").status().code(), StatusCode::kInvalidArgument);  // nothing is set
  const Value x[] = {scalar(2)};
  EXPECT_THAT(std::string(stepper.adopt(*other_, other_->run(x).value()).message()),
              HasSubstr("the state `0.decoder.key`"));
  EXPECT_EQ(stepper.adopt(*source_, {}).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace escuta::engine
