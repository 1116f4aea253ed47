// Each file in cases/ is a test of its name.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/dataplane/tcp/script/parser.hpp"
#include "tests/dataplane/tcp/script/runner.hpp"

namespace culvert::tcp::test::script {
namespace {

std::vector<std::string> all_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(CULVERT_TCP_CASES)) {
    if (entry.path().extension() == ".tcp") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Tcp : public testing::TestWithParam<std::string> {};

TEST_P(Tcp, script) {
  const std::string file = GetParam() + ".tcp";
  const Script script = parse_file(std::string(CULVERT_TCP_CASES) + "/" + file, file);
  const std::string deviation = run(script);
  EXPECT_TRUE(deviation.empty()) << deviation;
}

std::string name_of_case(const testing::TestParamInfo<std::string>& test) {
  return test.param;
}
INSTANTIATE_TEST_SUITE_P(Script, Tcp, testing::ValuesIn(all_cases()), name_of_case);

}  // namespace
}  // namespace culvert::tcp::test::script
