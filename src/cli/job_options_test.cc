#include "cli/job_options.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/temporary_folder.h"

namespace escuta::cli {
namespace {

Json settings(std::vector<std::string> arguments, const std::filesystem::path& model) {
  CLI::App app;
  JobOptions options;
  std::string language, batch, threads;
  add_job_options(app, options);
  app.add_option("-l,--language", language);
  app.add_option("--batch-size", batch);
  app.add_option("--threads", threads);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last one first
  app.parse(std::move(arguments));
  return settings_of(app, model);
}

TEST(SettingsOf, HoldWhatDecidesAboutAResult) {
  const TemporaryFolder folder;
  const Json none = settings({}, folder.path());
  EXPECT_EQ(settings({"--jobs", "j", "--threads", "3", "--retry-failed"}, folder.path()), none);
  EXPECT_NE(settings({"-l", "de"}, folder.path()), none);
  EXPECT_EQ(settings({"-l", "de"}, folder.path()), settings({"--language=de"}, folder.path()));
  EXPECT_EQ(settings({"--batch-size", "4"}, folder.path()),
            settings({"--batch-size", "8"}, folder.path()));
  EXPECT_NE(settings({"--batch-size", "4"}, folder.path()),
            settings({"--batch-size", "1"}, folder.path()));
  const std::string words = folder.write("words.txt", "one");
  const Json of_file = settings({"--language", "@" + words}, folder.path());
  folder.write("words.txt", "another");
  EXPECT_NE(settings({"--language", "@" + words}, folder.path())["language"], of_file["language"]);
  folder.write("decoder.onnx", "x");
  EXPECT_NE(settings({}, folder.path()), none);
}

TEST(RequestOf, KnowsTheInputBySizeAndTime) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.wav", "12345");
  const jobs::Input input = {.path = file, .place = "a.wav", .language = "de"};
  const jobs::JobRequest request = request_of(input, "out/a", {"out/a.txt"}, Json::object());
  EXPECT_EQ(request.size, 5);
  EXPECT_GT(request.time_ns, 0);
  EXPECT_EQ(request.input, file);
  EXPECT_TRUE(std::filesystem::path(request.output).is_absolute());
  EXPECT_EQ(request.settings, R"({"language":["de"]})");
  const jobs::Input gone = jobs::named_input(folder.path() / "gone.wav");
  EXPECT_EQ(request_of(gone, "out/gone", {}, Json::object()).size, -1);
}

TEST(PlanLines, TellOnlyWhatThereIs) {
  EXPECT_TRUE(plan_lines({}).empty());
  jobs::JobPlan plan;
  plan.new_settings = 3;
  plan.other_settings = "model";
  EXPECT_EQ(plan_lines(plan),
            (std::vector<std::string>{"3 done again with other settings: model"}));
}

}  // namespace
}  // namespace escuta::cli
