// Stateless cookies (RFC 6347 §4.2.1): a client proves that it receives what is sent to the address
// it claims to have, before anything is kept for it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "control/dtls/client_hello.hpp"
#include "crypto/secret.hpp"
#include "dataplane/packet/address.hpp"

namespace culvert::control {

class HelloVerifier {
 public:
  // With a random key of its own. Throws std::runtime_error without entropy.
  HelloVerifier();

  // A HelloVerifyRequest for `hello`, one whole datagram.
  [[nodiscard]] std::vector<uint8_t> request(const ClientHello& hello, const dp::Flow& flow,
                                             uint64_t now_us) const;
  // Whether the hello brings a cookie that was made for this flow and this client, not longer ago
  // than one to two minutes.
  [[nodiscard]] bool verify(const ClientHello& hello, const dp::Flow& flow,
                            uint64_t now_us) const noexcept;

 private:
  using Cookie = std::array<uint8_t, 32>;
  [[nodiscard]] Cookie cookie(const ClientHello& hello, const dp::Flow& flow,
                              uint64_t period) const noexcept;

  crypto::Secret<32> key_;
};

}  // namespace culvert::control
