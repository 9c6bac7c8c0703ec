#include "base/cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace escuta {
namespace {

class CpuGroups : public ::testing::Test {
 protected:
  void put(const std::filesystem::path& file, std::string_view text) {
    std::filesystem::create_directories((mount_ / file).parent_path());
    ASSERT_TRUE(write_file(mount_ / file, text).ok());
  }
  const TemporaryFolder temporary_;
  const std::filesystem::path& mount_ = temporary_.path();
};

TEST_F(CpuGroups, TakesTheLowestLimitOnTheWayUp) {
  put("cpu.max", "max 100000\n");
  put("a/cpu.max", "150000 100000\n");
  put("a/b/cpu.max", "400000 100000\n");
  put("a/b/memory.max", "1048576\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit("0::/a/b\n", mount_).value(), 1.5);
  EXPECT_EQ(cgroup_memory_limit("0::/a/b\n", mount_), 1048576u);
  EXPECT_FALSE(cgroup_cpu_limit("0::/\n", mount_).has_value());
}

TEST_F(CpuGroups, ReadsVersionOne) {
  put("cpu/x/cpu.cfs_quota_us", "50000\n");
  put("cpu/x/cpu.cfs_period_us", "100000\n");
  put("memory/memory.limit_in_bytes", "2097152\n");
  const char* groups = "5:memory:/\n3:cpu,cpuacct:/x\n1:name=systemd:/x\n";
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(groups, mount_).value(), 0.5);
  EXPECT_EQ(cgroup_memory_limit(groups, mount_), 2097152u);
  put("cpu/x/cpu.cfs_quota_us", "-1\n");
  EXPECT_FALSE(cgroup_cpu_limit(groups, mount_).has_value());
}

TEST_F(CpuGroups, StaysInsideTheMount) {
  put("inner/cpu.max", "max 100000\n");
  put("cpu.max", "100000 100000\n");
  EXPECT_FALSE(cgroup_cpu_limit("0::/../../..\n", mount_ / "inner").has_value());
  EXPECT_FALSE(cgroup_cpu_limit("no colons here\n:\n", mount_).has_value());
}

TEST(Cpu, KnowsThisMachine) {
  const CpuInfo info = cpu_info();
  EXPECT_GE(info.cores_available, 1);
  EXPECT_LE(info.cores_available, info.cores_online);
  EXPECT_GT(info.memory_total, uint64_t{1} << 20);
  EXPECT_LE(info.memory_available, info.memory_total);
}

}  // namespace
}  // namespace escuta
