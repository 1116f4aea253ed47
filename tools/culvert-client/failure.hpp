// Why the client gives up: one sentence and an exit status.
#pragma once

#include <stdexcept>
#include <string>

namespace culvert::client {

enum class ExitStatus : int {
  done = 0,
  failed = 1,  // no connection, or no way back to it
  command_line = 2,
  refused = 3,  // the headend refused log-in or cookie
};

class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& sentence, ExitStatus status = ExitStatus::failed)
      : std::runtime_error(sentence), status_(status) {}
  [[nodiscard]] ExitStatus status() const noexcept { return status_; }

 private:
  ExitStatus status_;
};

}  // namespace culvert::client
