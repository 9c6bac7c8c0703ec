// Every file of the shared data folder formats/ against tests/golden/formats.tsv.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "audio/source.h"
#include "audio/test_wav.h"

namespace escuta::audio {
namespace {

namespace fs = std::filesystem;

fs::path formats_folder() {
  const char* shared = std::getenv("ESCUTA_SHARED_DATA");
  const fs::path root =
      shared != nullptr ? fs::path(shared) : fs::path(ESCUTA_SOURCE_DIR) / "../shared/data";
  return root / "formats";
}

TEST(Formats, EachFileDecodesOrGivesItsError) {
  const fs::path folder = formats_folder();
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no shared data (set ESCUTA_SHARED_DATA)";
  std::ifstream table(fs::path(ESCUTA_SOURCE_DIR) / "tests/golden/formats.tsv");
  int files = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string file, samples, code;
    ASSERT_TRUE(fields >> file >> samples >> code) << line;
    ++files;
    auto source = AudioSource::open(folder / file, {});
    EXPECT_EQ(status_code_name(source.status().code()), code)
        << file << ": " << source.status().to_string();
    if (!source.ok()) continue;
    auto decoded = read_all(**source);
    ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
    EXPECT_EQ(std::to_string(decoded->size()), samples) << file;
  }
  EXPECT_EQ(files, 58);
}

}  // namespace
}  // namespace escuta::audio
