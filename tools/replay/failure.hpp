// What keeps a replay from happening, with the exit status that says so.
#pragma once

#include <stdexcept>
#include <string>

namespace culvert::replay {

enum class ExitStatus : int {
  done = 0,          // everything that was asked for was sent, and written
  failed = 1,        // it could not start, or broke off
  command_line = 2,  // wrong words
  refused = 3,       // a capture has what cannot be played as it is
  incomplete = 4,    // started, and not everything was sent, received or written
};

// `what()` is a sentence for the user.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& sentence, ExitStatus status = ExitStatus::failed)
      : std::runtime_error(sentence), status_(status) {}
  [[nodiscard]] ExitStatus status() const noexcept { return status_; }

 private:
  ExitStatus status_;
};

}  // namespace culvert::replay
