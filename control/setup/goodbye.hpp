// What a client means when it says goodbye.
#pragma once

#include <cstdint>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

// `code` is the first byte of its DISCONNECT: with any other than these two the client comes back.
[[nodiscard]] constexpr bool ends_session(dp::EndReason reason, uint8_t code) noexcept {
  return reason == dp::EndReason::client_disconnect &&
         (code == cstp::kReasonUser || code == cstp::kReasonLocalError);
}

}  // namespace culvert::control
