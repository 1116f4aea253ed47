// The commands of the shell, from one table: syntax, help, and what they do. The same matching as
// in the configuration gives them abbreviations, `?` and completion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "control/config/match.hpp"
#include "control/show/output.hpp"

namespace culvert::control {

struct ExecContext {
  StateSource& state;
  std::string user;        // who asks: for `Last clearing: ... by USER`
  bool confirmed = false;  // the user has said yes already
};

// Thrown by commands; what() is what the user reads.
struct ExecError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The command wants a yes first; what() is the question.
struct NeedsConfirmation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ExecCommand {
  std::string_view syntax;
  std::string_view help;
  Output (*run)(ExecContext&, const Arguments&);
};

[[nodiscard]] const std::vector<ExecCommand>& exec_commands();

// Runs one line, with its filter if it has one. Throws ExecError or NeedsConfirmation.
[[nodiscard]] Output execute(std::string_view line, bool json, ExecContext& context);

// The words that the last, unfinished word of `line` can become; with a line that ends in a blank,
// all that can follow.
[[nodiscard]] std::vector<std::string> complete(std::string_view line);

// The answer to `?` at the end of `line`: all choices, or those that begin as its last word does.
[[nodiscard]] std::string help(std::string_view line);

}  // namespace culvert::control
