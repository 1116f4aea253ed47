// What OpenSSL's DTLS client is given by AnyConnect's two ways: a session that never was, and maybe a pre-shared key.
#pragma once

#include <cstdint>
#include <span>

#include <openssl/ssl.h>

namespace culvert::client {

inline constexpr size_t kMasterBytes = 48;  // of a master secret, RFC 5246 §8.1

// Settings without which the headend and OpenSSL do not agree; for a context of DTLS_client_method().
void allow_borrowed_sessions(SSL_CTX* context) noexcept;

// In either form `id` travels as the session id of the ClientHello. `master_secret` has kMasterBytes; empty where a
// pre-shared key is the secret. To be called when the list of suites is set, whose first becomes the session's. False:
// OpenSSL says why.
[[nodiscard]] bool claim_session(SSL* ssl, std::span<const uint8_t> id,
                                 std::span<const uint8_t> master_secret) noexcept;

// For a callback of SSL_CTX_set_psk_client_callback(): what it is to return.
[[nodiscard]] unsigned give_psk(std::span<const uint8_t> psk, std::span<char> identity,
                                std::span<uint8_t> key) noexcept;

}  // namespace culvert::client
