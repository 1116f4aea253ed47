// The one handshake message that may follow a TLS 1.3 handshake towards a server that asks for no
// client certificate later: KeyUpdate (RFC 8446 §4.6.3).
#pragma once

#include <cstdint>
#include <span>

namespace culvert::crypto::record {

inline constexpr uint8_t kKeyUpdateType = 24;  // RFC 8446 §4

enum class KeyUpdateRequest : uint8_t { not_requested = 0, requested = 1 };

struct KeyUpdate {
  uint8_t type = kKeyUpdateType;
  uint8_t length[3] = {0, 0, 1};
  KeyUpdateRequest request = KeyUpdateRequest::not_requested;
};
static_assert(sizeof(KeyUpdate) == 5);

enum class KeyUpdateParse : uint8_t { ok, not_a_key_update, bad_request };

// A record's plaintext that should be a KeyUpdate and nothing else: no message may follow one under
// the same keys (RFC 8446 §5.1), and none that could come before it was agreed on.
[[nodiscard]] inline KeyUpdateParse parse_key_update(std::span<const uint8_t> plaintext,
                                                     KeyUpdateRequest& request) noexcept {
  if (plaintext.size() != sizeof(KeyUpdate) || plaintext[0] != kKeyUpdateType ||
      plaintext[1] != 0 || plaintext[2] != 0 || plaintext[3] != 1) {
    return KeyUpdateParse::not_a_key_update;
  }
  if (plaintext[4] > 1) return KeyUpdateParse::bad_request;
  request = static_cast<KeyUpdateRequest>(plaintext[4]);
  return KeyUpdateParse::ok;
}

}  // namespace culvert::crypto::record
