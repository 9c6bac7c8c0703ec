#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/temporary_folder.h"

namespace escuta {
namespace {

class Files : public ::testing::Test {
 protected:
  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(Files, WritesWholeOrNotAtAll) {
  const auto path = folder_ / "a.txt";
  ASSERT_TRUE(write_file(path, "one").ok());
  {
    Result<AtomicFile> unfinished = AtomicFile::create(path);
    ASSERT_TRUE(unfinished->append("two").ok());
  }
  EXPECT_EQ(read_file(path, 100).value(), "one");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, ReportsAFullDisk) {
  struct rlimit old {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 1000, old.rlim_max };
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status status = write_file(folder_ / "big", std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Files, RefusesWhatIsNotAFile) {
  EXPECT_EQ(MappedFile::open(folder_).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(MappedFile::open(folder_ / "none").status().code(), StatusCode::kNotFound);
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(folder_ / "fifo", 10).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(Files, MapsAndLimits) {
  ASSERT_TRUE(write_file(folder_ / "empty", "").ok());
  EXPECT_TRUE(MappedFile::open(folder_ / "empty").value()->bytes().empty());
  ASSERT_TRUE(write_file(folder_ / "four", "abcd").ok());
  EXPECT_EQ(MappedFile::open(folder_ / "four").value()->bytes().size(), 4u);
  EXPECT_EQ(read_file(folder_ / "four", 3).status().code(), StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace escuta
