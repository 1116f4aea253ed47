// What a client means when it says goodbye.
#pragma once

#include <cstdint>

#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

// First byte of a DISCONNECT that ends the session; with any other the client comes back.
inline constexpr uint8_t kUserDisconnect = 0xb0;
inline constexpr uint8_t kLocalError = 0x70;

[[nodiscard]] constexpr bool ends_session(dp::EndReason reason, uint8_t code) noexcept {
  return reason == dp::EndReason::client_disconnect &&
         (code == kUserDisconnect || code == kLocalError);
}

}  // namespace culvert::control
