// One line against many commands at once: abbreviations, ambiguity, the word at fault, and what may
// come next.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/syntax.hpp"

namespace culvert::control {

// A word of a line. Double quotes keep spaces in a word; \" and \\ stand for themselves in quotes.
struct Word {
  std::string text;
  size_t column = 0;  // byte of the line, from 0
  size_t end = 0;
  bool quoted = false;
};

struct Words {
  std::vector<Word> words;
  bool open_quote = false;  // the last word's quote is not closed
};
// In a line a word that starts with `!` outside quotes is a comment, and the last one.
enum class Comments : uint8_t { end_the_line, are_words };
[[nodiscard]] Words split_words(std::string_view line, Comments comments = Comments::end_the_line);
// A word as split_words() reads it back.
[[nodiscard]] std::string quote(std::string_view word);

struct Candidate {
  const Syntax* syntax = nullptr;
  std::string_view help;
};

enum class MatchStatus : uint8_t { ok, invalid, ambiguous, incomplete };

struct Match {
  MatchStatus status = MatchStatus::invalid;
  size_t row = 0;              // of the candidates, if ok
  Arguments arguments;         // keywords and parameters, if ok; else those before the fault
  size_t column = 0, end = 0;  // the word at fault
  bool took_rest = false;      // the last argument is the rest of the line as it stands
  std::string expected;        // "a number from 64 to 9198", "\"enable\" or \"none\""
};

// `line` is the text that `words` were split from, for parameters that take its rest as it stands.
[[nodiscard]] Match match(std::span<const Candidate> candidates, std::span<const Word> words,
                          std::string_view line);

// What may come after `words`: the answer to `?`.
struct Choice {
  std::string text;  // keyword, placeholder or "<cr>"
  std::string help;
  bool keyword = false;  // can be completed
};
// Sorted, without duplicates; empty if `words` themselves do not fit.
[[nodiscard]] std::vector<Choice> choices(std::span<const Candidate> candidates,
                                          std::span<const Word> words, std::string_view line);

// Keywords that many commands share ("ip", "show"): their own help.
[[nodiscard]] std::string_view shared_keyword_help(std::string_view keyword) noexcept;

}  // namespace culvert::control
