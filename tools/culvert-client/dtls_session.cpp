#include "tools/culvert-client/dtls_session.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "control/tls/owned.hpp"

namespace culvert::client {

void allow_borrowed_sessions(SSL_CTX* context) noexcept {
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  // The resumed session never was one: it has no extended master secret (RFC 7627 §5.3).
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU |
                                   SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_ciphersuites(context, "");
}

bool claim_session(SSL* ssl, std::span<const uint8_t> id,
                   std::span<const uint8_t> master_secret) noexcept {
  constexpr std::array<uint8_t, kMasterBytes> kOfNoConsequence{};
  const std::span<const uint8_t> master =
      master_secret.empty() ? std::span<const uint8_t>(kOfNoConsequence) : master_secret;
  const control::Owned<SSL_SESSION> session(SSL_SESSION_new());
  const SSL_CIPHER* suite = sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), 0);
  return session && suite != nullptr &&
         SSL_SESSION_set_protocol_version(session.get(), DTLS1_2_VERSION) == 1 &&
         SSL_SESSION_set_cipher(session.get(), suite) == 1 &&
         SSL_SESSION_set1_master_key(session.get(), master.data(), master.size()) == 1 &&
         SSL_SESSION_set1_id(session.get(), id.data(), static_cast<unsigned>(id.size())) == 1 &&
         SSL_set_session(ssl, session.get()) == 1;
}

unsigned give_psk(std::span<const uint8_t> psk, std::span<char> identity,
                  std::span<uint8_t> key) noexcept {
  constexpr std::string_view kIdentity = "psk";
  if (psk.size() > key.size() || identity.size() <= kIdentity.size()) return 0;
  std::copy(kIdentity.begin(), kIdentity.end(), identity.begin());
  identity[kIdentity.size()] = 0;
  std::copy(psk.begin(), psk.end(), key.begin());
  return static_cast<unsigned>(psk.size());
}

}  // namespace culvert::client
