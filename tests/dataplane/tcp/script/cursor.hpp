// A place in one line of a script, and the words and numbers read from there.
#pragma once

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "tests/dataplane/tcp/script/parser.hpp"

namespace culvert::tcp::test::script {

class Cursor {
 public:
  Cursor(std::string_view name, int line, std::string_view text)
      : name_(name), line_(line), text_(text) {}

  [[nodiscard]] bool done() {
    skip_blanks();
    return at_ == text_.size();
  }
  [[nodiscard]] char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  // The rest of the line, unread.
  [[nodiscard]] std::string_view rest() {
    skip_blanks();
    return text_.substr(at_);
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void want(std::string_view token, std::string_view after) {
    if (!take(token)) {
      fail("`" + std::string(token) + "` is expected after " + std::string(after));
    }
  }
  // Letters, digits, `_`, `-` and `+`; empty if there is none.
  std::string_view word() {
    skip_blanks();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '-' || text_[at_] == '+')) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }
  // Everything up to the next blank.
  std::string_view token() {
    skip_blanks();
    const std::string_view all = text_.substr(at_);
    const std::string_view token = all.substr(0, all.find_first_of(" \t"));
    at_ += token.size();
    return token;
  }
  template <typename T>
  T number(std::string_view what) {
    skip_blanks();
    T value{};
    const char* end = text_.data() + text_.size();
    const auto [last, error] = std::from_chars(text_.data() + at_, end, value);
    if (error == std::errc::result_out_of_range) {
      fail(std::string(what) + " is larger than " + std::to_string(std::numeric_limits<T>::max()));
    }
    if (error != std::errc{}) fail(std::string(what) + " is expected here, a number");
    at_ = static_cast<size_t>(last - text_.data());
    return value;
  }
  // `.1`, `2`, `2s`, `100ms`, `50us`; without a unit seconds. Microseconds.
  Time duration(std::string_view what) {
    skip_blanks();
    double value = 0;
    const char* end = text_.data() + text_.size();
    const auto [last, error] = std::from_chars(text_.data() + at_, end, value);
    if (error != std::errc{} || value < 0 || value > 1e9) {
      fail(std::string(what) + " is expected here, as in `.1` or `100ms`");
    }
    at_ = static_cast<size_t>(last - text_.data());
    double unit = 1e6;
    if (take_here("ms")) {
      unit = 1e3;
    } else if (take_here("us")) {
      unit = 1;
    } else {
      (void)take_here("s");
    }
    return static_cast<Time>(std::llround(value * unit));
  }
  [[noreturn]] void fail(const std::string& sentence) { fail_at(at_, sentence); }
  [[noreturn]] void fail_at(size_t place, const std::string& sentence) const {
    throw BadScript(std::string(name_) + ":" + std::to_string(line_) + ":" +
                    std::to_string(place + 1) + ": " + sentence);
  }
  [[nodiscard]] size_t place() {
    skip_blanks();
    return at_;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool take_here(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  std::string_view name_;
  int line_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace culvert::tcp::test::script
