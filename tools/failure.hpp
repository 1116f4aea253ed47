// Why a tool gives up: one sentence and its exit status.
#pragma once

#include <stdexcept>
#include <string>

namespace culvert {

// `what()` is a sentence for the user. The statuses are the tool's; `failed` is the plain one.
template <typename ExitStatus>
class FailureWith : public std::runtime_error {
 public:
  explicit FailureWith(const std::string& sentence, ExitStatus status = ExitStatus::failed)
      : std::runtime_error(sentence), status_(status) {}
  [[nodiscard]] ExitStatus status() const noexcept { return status_; }

 private:
  ExitStatus status_;
};

}  // namespace culvert
