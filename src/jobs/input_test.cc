#include "jobs/input.h"

#include <gtest/gtest.h>

namespace escuta::jobs {
namespace {

using Names = std::vector<std::string>;

TEST(OutputNames, KeepTheExtensionOnlyWhereItTellsApart) {
  const Input inputs[] = {named_input("a/jfk.wav"), named_input("b/jfk.mp3"),
                          named_input("talk.ogg"), named_input("noext")};
  EXPECT_EQ(output_names(inputs).value(), (Names{"jfk.wav", "jfk.mp3", "talk", "noext"}));
}

TEST(OutputNames, RefuseWhatWouldOverwrite) {
  const Input inputs[] = {named_input("a/x.wav"), named_input("b/x.wav")};
  const Status status = output_names(inputs).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("a/x.wav"), std::string::npos);
}

TEST(OutputNames, MirrorFolders) {
  const Input inputs[] = {listed_input("a/x.wav"), listed_input("b/x.wav"), listed_input("b/x.mp3"),
                          listed_input("/data/../x.wav")};
  EXPECT_EQ(output_names(inputs).value(), (Names{"a/x", "b/x.wav", "b/x.mp3", "x"}));
}

TEST(OutputNames, AManifestsNameIsTakenAsItIs) {
  Input named = listed_input("a/x.wav");
  named.output = "first.talk";
  const Input inputs[] = {named, listed_input("a/x.mp3")};
  EXPECT_EQ(output_names(inputs).value(), (Names{"first.talk", "a/x"}));
}

TEST(ListedInput, StaysBelowTheFolderOfResults) {
  EXPECT_EQ(listed_input("../../etc/./x.wav").place, "etc/x.wav");
  EXPECT_EQ(listed_input("/a//b/x.wav").place, "a/b/x.wav");
}

}  // namespace
}  // namespace escuta::jobs
