// From text to Script, or to a sentence that says where the text is wrong.
#pragma once

#include <stdexcept>
#include <string_view>

#include "tests/dataplane/tcp/script/language.hpp"

namespace culvert::tcp::test::script {

// what() is "NAME:LINE:COLUMN: SENTENCE"; both count from one.
class BadScript : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] Script parse(std::string_view text, std::string_view name);
// Throws std::runtime_error if the file cannot be read.
[[nodiscard]] Script parse_file(const std::string& path, std::string_view name);

}  // namespace culvert::tcp::test::script
