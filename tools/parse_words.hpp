// How the words of a command line are read, and what is said of wrong ones.
#pragma once

#include <optional>
#include <stdexcept>

#include <CLI/CLI.hpp>

namespace culvert {

// Calls read(), which throws std::invalid_argument if the value of `option` is wrong: what the value is for is said
// with that.
template <typename Read>
auto understood(const char* option, Read read) {
  try {
    return read();
  } catch (const std::invalid_argument& error) {
    throw CLI::ValidationError(option, error.what());
  }
}

// Parses the words and understands them by fill(), which throws CLI::ValidationError, or std::invalid_argument with a
// sentence, if they make no sense. nullopt: they do. Else the status to end with, after all has been said: 0 of
// --help and --version, `wrong` of wrong words.
template <typename Fill>
[[nodiscard]] std::optional<int> parse_words(CLI::App& app, int argc, char** argv, Fill fill,
                                             int wrong) {
  try {
    app.parse(argc, argv);
    fill();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : wrong;
  } catch (const std::invalid_argument& error) {
    (void)app.exit(CLI::ValidationError(error.what()));
    return wrong;
  }
}

}  // namespace culvert
