// Runs the lines of an answer through an expression.
#include "control/cli/filter.hpp"

#include <algorithm>
#include <stdexcept>

#include <regex.h>

namespace culvert::control {
namespace {

constexpr size_t kMaxPattern = 128;

class Expression {
 public:
  explicit Expression(std::string_view pattern) {
    if (pattern.empty())
      throw std::runtime_error("% Incomplete command: a filter needs an expression");
    if (pattern.size() > kMaxPattern)
      throw std::runtime_error("% The expression is longer than 128 bytes");
    // Counted repetitions and back references can take the daemon's time and memory without bound;
    // the ASA has neither.
    std::string safe;
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == '{' || pattern[i] == '}') safe += '\\';
      safe += pattern[i];
      if (pattern[i] != '\\') continue;
      if (++i == pattern.size() || (pattern[i] >= '0' && pattern[i] <= '9')) {
        throw std::runtime_error("% The expression is not a valid one");
      }
      safe += pattern[i];
    }
    if (regcomp(&compiled_, safe.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
      throw std::runtime_error("% The expression is not a valid one");
    }
  }
  ~Expression() { regfree(&compiled_); }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  [[nodiscard]] bool matches(const std::string& line) const {
    return regexec(&compiled_, line.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_{};
};

std::string_view trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") + 1 - start);
}

bool names(std::string_view word, std::string_view keyword) {
  return !word.empty() && keyword.starts_with(word);
}

}  // namespace

Piped split_pipe(std::string_view line) noexcept {
  for (size_t bar = line.find('|'); bar != std::string_view::npos; bar = line.find('|', bar + 1)) {
    if (bar == 0 || line[bar - 1] == ' ' || line[bar - 1] == '\t') {
      return {line.substr(0, bar), trim(line.substr(bar + 1)), true};
    }
  }
  return {line, {}, false};
}

std::string apply_filter(std::string_view filter, const std::string& text) {
  const size_t space = filter.find_first_of(" \t");
  const std::string_view word = filter.substr(0, space);
  std::string_view pattern =
      space == std::string_view::npos ? std::string_view() : trim(filter.substr(space));
  bool keep = true;
  const bool begin = names(word, "begin");
  const bool count = names(word, "count");
  if (names(word, "exclude")) {
    keep = false;
  } else if (names(word, "grep")) {
    if (pattern.starts_with("-v ")) {
      keep = false;
      pattern = trim(pattern.substr(3));
    }
  } else if (!names(word, "include") && !begin && !count) {
    throw std::runtime_error("% Invalid filter: expected begin, count, exclude, grep or include");
  }
  const Expression expression(pattern);
  std::string out;
  size_t found = 0;
  bool started = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!(begin && started) && expression.matches(line) != keep) continue;
    started = true;
    ++found;
    if (!count) out += line + "\n";
  }
  return count ? std::to_string(found) + "\n" : out;
}

}  // namespace culvert::control
