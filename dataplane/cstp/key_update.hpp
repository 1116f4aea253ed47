// New keys for a tunnel that lives on (RFC 8446 §4.6.3): what the client asks for, and what we ask
// for ourselves before a key has sealed too much (§5.5).
#pragma once

#include <span>

#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// A handshake record from the client. TLS 1.3: a KeyUpdate is passed to control, and what follows it
// waits in the stream; anything else ends the tunnel. TLS 1.2: a renegotiation is refused, the
// tunnel stays. Drops: tls_handshake, tls_renegotiation, tls_key_updates.
void handshake_record(Context& c, Tunnel& t, std::span<const uint8_t> message, Time now) noexcept;

// Control's answer: new keys to open with, to seal with, or both.
void install_keys(Context& c, Tunnel& t, const dp::Promotion& keys, Time now) noexcept;

// Counts a record that was sealed, and owes control the wish for the next key where the limit is
// reached.
void note_sealed(Context& c, Tunnel& t, uint32_t record_size) noexcept;
// That wish, just before control hears it. TLS 1.2 has no next key: true, and the tunnel has ended;
// its client comes back with the cookie.
[[nodiscard]] bool end_of_key(Context& c, Tunnel& t) noexcept;

}  // namespace culvert::cstp
