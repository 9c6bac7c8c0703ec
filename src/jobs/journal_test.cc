#include "jobs/journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace escuta::jobs {
namespace {

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> open() {
    auto journal = Journal::open(file());
    EXPECT_TRUE(journal.ok()) << journal.status().message();
    return std::move(*journal);
  }
  std::filesystem::path file() const { return folder.path() / "journal"; }
  // Requests for inputs "0" .. "count-1".
  static std::vector<JobRequest> requests(size_t count, const std::string& settings = "{}") {
    std::vector<JobRequest> all;
    for (size_t i = 0; i < count; ++i) {
      all.push_back({std::to_string(i), "out" + std::to_string(i), 10, 1, settings, {}});
    }
    return all;
  }
  static size_t claimed(Journal& journal) {
    const auto claim = journal.claim();
    EXPECT_TRUE(claim.ok()) << claim.status().message();
    return *claim ? (*claim)->request : SIZE_MAX;
  }
  static void finish(Journal& journal, const JobClaim& claim) {
    ASSERT_TRUE(journal.set_rendered(claim.id, {}, 1).ok());
    ASSERT_TRUE(journal.set_done(claim.id).ok());
  }
  TemporaryFolder folder;
};

TEST_F(JournalTest, WhatIsDoneIsNotDoneAgain) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->add(requests(3), false).ok());
    finish(*journal, **journal->claim());
    ASSERT_TRUE(journal->set_failed((**journal->claim()).id, "no sound").ok());
  }
  const auto journal = open();
  const JobPlan plan = journal->add(requests(3), false).value();
  EXPECT_EQ(plan.done, 1U);
  EXPECT_EQ(plan.failed, 1U);
  EXPECT_EQ(claimed(*journal), 2U);
  EXPECT_EQ(claimed(*journal), SIZE_MAX);
  const JobCounts counts = journal->counts().value();
  EXPECT_EQ(counts.done, 1U);
  EXPECT_EQ(counts.failed, 1U);
  EXPECT_EQ(counts.running, 1U);
  EXPECT_EQ(counts.bytes_left, 10);
  ASSERT_EQ(journal->failures()->size(), 1U);
  EXPECT_EQ(journal->failures()->front().error, "no sound");
}

TEST_F(JournalTest, FailuresAreTriedAgainWhenAsked) {
  const auto journal = open();
  ASSERT_TRUE(journal->add(requests(1), false).ok());
  ASSERT_TRUE(journal->set_failed((**journal->claim()).id, "x").ok());
  EXPECT_EQ(claimed(*journal), SIZE_MAX);
  EXPECT_EQ(journal->add(requests(1), true)->failed, 0U);
  EXPECT_EQ(claimed(*journal), 0U);
}

TEST_F(JournalTest, AChangeMakesANewJob) {
  const auto journal = open();
  ASSERT_TRUE(journal->add(requests(2, R"({"model":"a","task":"t"})"), false).ok());
  finish(*journal, **journal->claim());
  finish(*journal, **journal->claim());
  std::vector<JobRequest> changed = requests(2, R"({"model":"b","beams":5,"task":"t"})");
  JobPlan plan = journal->add(changed, false).value();
  EXPECT_EQ(plan.new_settings, 2U);
  EXPECT_EQ(plan.other_settings, "model, beams");
  finish(*journal, **journal->claim());
  finish(*journal, **journal->claim());
  changed[1].time_ns = 2;
  plan = journal->add(changed, false).value();
  EXPECT_EQ(plan.done, 1U);
  EXPECT_EQ(plan.new_inputs, 1U);
  EXPECT_EQ(claimed(*journal), 1U);
}

TEST_F(JournalTest, AResultThatIsGoneIsMadeAgain) {
  const auto journal = open();
  std::vector<JobRequest> one = requests(1);
  one[0].files = {folder.write("out0.txt", "words")};
  ASSERT_TRUE(journal->add(one, false).ok());
  finish(*journal, **journal->claim());
  EXPECT_EQ(journal->add(one, false)->done, 1U);
  std::filesystem::remove(one[0].files[0]);
  EXPECT_EQ(journal->add(one, false)->lost_results, 1U);
  EXPECT_EQ(claimed(*journal), 0U);
}

TEST_F(JournalTest, ProcessesShareTheWork) {
  const auto first = open(), second = open();
  ASSERT_TRUE(first->add(requests(2), false).ok());
  ASSERT_TRUE(second->add(requests(2), false).ok());
  EXPECT_EQ(claimed(*first), 0U);
  EXPECT_EQ(claimed(*second), 1U);
  EXPECT_EQ(claimed(*second), SIZE_MAX);  // the other one is alive
}

TEST_F(JournalTest, WhatIsRenderedIsOnlyWrittenOut) {
  {
    const auto dying = open();
    ASSERT_TRUE(dying->add(requests(1), false).ok());
    const JobResult result = {{{"a.txt", std::string("x\0y", 3)}, {"a.srt", ""}}, "{}"};
    ASSERT_TRUE(dying->set_rendered((**dying->claim()).id, result, 5).ok());
  }
  const auto journal = open();
  ASSERT_TRUE(journal->add(requests(1), false).ok());
  const auto claim = journal->claim().value();
  ASSERT_TRUE(claim && claim->rendered);
  ASSERT_EQ(claim->rendered->files.size(), 2U);
  EXPECT_EQ(claim->rendered->files[0].content, std::string("x\0y", 3));
  EXPECT_EQ(claim->rendered->files[1].path, "a.srt");
  EXPECT_EQ(claim->rendered->manifest_line, "{}");
  EXPECT_TRUE(journal->set_done(claim->id).ok());
  EXPECT_EQ(claimed(*journal), SIZE_MAX);
}

TEST_F(JournalTest, AKilledProcessLosesItsJobs) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto dying = Journal::open(file());
    if (!dying.ok() || !(*dying)->add(requests(2), false).ok()) ::_exit(1);
    static_cast<void>((*dying)->claim().ok());
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto journal = open();
  ASSERT_TRUE(journal->add(requests(2), false).ok());
  EXPECT_EQ(claimed(*journal), 1U);  // what was not tried comes first
  EXPECT_EQ(claimed(*journal), 0U);
}

TEST_F(JournalTest, AReleasedJobIsPending) {
  const auto journal = open();
  ASSERT_TRUE(journal->add(requests(1), false).ok());
  const int64_t id = (**journal->claim()).id;
  ASSERT_TRUE(journal->release(id).ok());
  EXPECT_EQ(journal->set_done(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(claimed(*journal), 0U);
}

TEST_F(JournalTest, AJobThatAnotherCommandReplacedIsNotOurs) {
  const auto first = open(), second = open();
  ASSERT_TRUE(first->add(requests(1, R"({"a":1})"), false).ok());
  const int64_t id = (**first->claim()).id;
  ASSERT_TRUE(second->add(requests(1, R"({"a":2})"), false).ok());
  EXPECT_EQ(first->set_rendered(id, {{{"x", "y"}}, ""}, 1).code(), StatusCode::kFailedPrecondition);
}

TEST_F(JournalTest, OtherFilesAreRefusedAndLeftAlone) {
  folder.write("journal",
               "these are only notes, and not a journal at all " + std::string(200, '.'));
  EXPECT_EQ(Journal::open(file()).status().code(), StatusCode::kDataLoss);
  const auto other = folder.path() / "other";
  ASSERT_TRUE((*Database::open(other))->run("CREATE TABLE mine (x)").ok());
  const std::string before = read_file(other, 1 << 20).value();
  EXPECT_EQ(Journal::open(other).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(read_file(other, 1 << 20).value(), before);
  EXPECT_EQ(Journal::open(folder.path() / "none" / "journal").status().code(),
            StatusCode::kNotFound);
}

TEST_F(JournalTest, AVersionToComeIsRefused) {
  open();
  ASSERT_TRUE((*Database::open(file()))->run("PRAGMA user_version = 2").ok());
  const Status status = Journal::open(file()).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("version 1"), std::string::npos);
}

}  // namespace
}  // namespace escuta::jobs
