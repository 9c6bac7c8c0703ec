#include "jobs/folder.h"

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "jobs/list_file.h"
#include "jobs/media_names.h"

namespace escuta::jobs {
namespace {

namespace fs = std::filesystem;

TEST(GuessMedia, ByExtensionWhateverItsCase) {
  EXPECT_EQ(guess_media("x/TALK.MP3"), MediaGuess::kMedia);
  EXPECT_EQ(guess_media("a.webm"), MediaGuess::kMedia);
  EXPECT_EQ(guess_media("a.srt"), MediaGuess::kOther);
  EXPECT_EQ(guess_media("a.mp3.12.0.part"), MediaGuess::kOther);
  EXPECT_EQ(guess_media("a"), MediaGuess::kUnknown);
  EXPECT_EQ(guess_media(".mp3"), MediaGuess::kUnknown);
  EXPECT_EQ(guess_media("a.dat"), MediaGuess::kUnknown);
}

TEST(WalkFolder, TakesMediaByNameAndAsksForTheRest) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "b/c");
  for (const char* name : {"a.mp3", "b/c/d.wav", "b/notes.txt", "b/sound", "b/data", ".x.mp3"}) {
    folder.write(name, "");
  }
  fs::create_directory_symlink("..", folder.path() / "b/circle");
  fs::create_symlink("nothing", folder.path() / "gone.mp3");
  std::vector<std::string> asked, places;
  const FolderInputs found = walk_folder(folder.path(), [&](const fs::path& path) {
    asked.push_back(path.filename());
    return path.filename() == "sound";
  });
  for (const Input& input : found.inputs) {
    places.push_back(input.place);
    EXPECT_EQ(input.path, folder.path() / input.place);
  }
  EXPECT_EQ(places, (std::vector<std::string>{"a.mp3", "b/sound", "b/c/d.wav"}));
  EXPECT_EQ(asked, (std::vector<std::string>{"data", "sound"}));
  EXPECT_TRUE(found.problems.empty());
}

TEST(WalkFolder, TellsWhatItCannotRead) {
  const FolderInputs found = walk_folder("/nonexistent", [](const fs::path&) { return true; });
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_NE(found.problems[0].message().find("/nonexistent"), std::string::npos);
}

using Paths = std::vector<std::string>;

TEST(ParseList, Lines) {
  EXPECT_EQ(parse_list("\xEF\xBB\xBF"
                       "a.mp3\r\n\n b \nc")
                .value(),
            (Paths{"a.mp3", " b ", "c"}));
  EXPECT_EQ(parse_list("").value(), Paths{});
}

TEST(ParseList, NulsKeepEveryName) {
  EXPECT_EQ(parse_list(std::string_view("a\nb\0c\r\0\xFF\0", 8)).value(),
            (Paths{"a\nb", "c\r", "\xFF"}));
}

TEST(ParseList, NamesTheLineThatIsNoPath) {
  const Status status = parse_list("a\n" + std::string(1 << 20, 'x')).status();
  EXPECT_EQ(status.message(), "line 2: expected a path of less than 4096 bytes, found 1048576");
}

TEST(ReadStream, IsBounded) {
  const TemporaryFolder folder;
  const std::string file = folder.write("list", "0123456789");
  EXPECT_EQ(read_stream(file, 10).value(), "0123456789");
  EXPECT_EQ(read_stream(file, 9).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(read_stream(folder.path() / "none", 9).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace escuta::jobs
