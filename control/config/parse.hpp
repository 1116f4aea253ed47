// Text to configuration and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/config/command.hpp"

namespace culvert::control {

// What follows the word at fault is never repeated, and passwords before it are masked: errors end
// in logs.
struct ConfigError {
  std::string file;
  size_t line = 0;      // from 1; 0: no line is to blame
  size_t column = 0;    // from 1; 0: the line as a whole
  std::string message;  // a sentence
  std::string caret;    // two lines: the command up to the word at fault, and ^ under it; empty if
                        // there is none

  // "lab.conf:12: ..." and, below, the caret.
  [[nodiscard]] std::string to_string() const;
};

// A mode that was entered and not left.
struct OpenMode {
  std::string line;    // that entered it
  std::string prompt;  // "config-webvpn", as an ASA's shell shows it
};

struct ParseResult {
  Config config;                      // the default configuration if there are errors
  std::vector<ConfigError> errors;    // at most kMaxConfigErrors
  std::vector<ConfigError> warnings;  // the configuration holds, but something in it is of no use
  std::vector<OpenMode> open_modes;   // at the end of the text, each in the one before

  [[nodiscard]] bool ok() const noexcept { return errors.empty(); }
};

inline constexpr size_t kMaxConfigErrors = 20;
inline constexpr size_t kMaxConfigLine = 4096;  // bytes

// Reads a whole configuration. A line belongs to the mode that the lines before it entered, or to
// one around that mode, as on the ASA; if the lines of a block are indented, the block ends where
// the indentation does. `hasher` makes the stored form of a password that is given in clear.
[[nodiscard]] ParseResult parse_config(std::string_view text, std::string_view file_name,
                                       const PasswordHasher& hasher);

// The same for lines that change `base`, as if they were typed in.
[[nodiscard]] ParseResult parse_change(std::string_view text, std::string_view name,
                                       const PasswordHasher& hasher, const Config& base);

// Several configuration lines on one: a `;` by itself, outside of quotes, ends a line.
[[nodiscard]] std::string lines_of(std::string_view text);

enum class Secrets : uint8_t { shown, masked };

// What parse_config() reads back as the same configuration, unless keys of servers are masked, as
// they are wherever somebody may look. Passwords are hashes.
[[nodiscard]] std::string running_config(const Config& config, Secrets secrets = Secrets::shown);

// A configuration with nothing in it but what always exists: DfltGrpPolicy and DefaultWEBVPNGroup.
[[nodiscard]] Config default_config();

// docs/configuration.md, made from the table of commands.
[[nodiscard]] std::string config_reference();

}  // namespace culvert::control
