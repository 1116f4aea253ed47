// What control keeps of a TLS 1.3 connection after a worker has taken it over: the traffic secrets,
// from which each direction's next keys follow (RFC 8446 §7.2).
#pragma once

#include "control/tls/connection.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::control {

// Wiped when it goes. The functions throw std::runtime_error if OpenSSL refuses.
class KeySchedule {
 public:
  // Of an established TLS 1.3 connection.
  explicit KeySchedule(const TlsConnection& connection);

  // Moves a direction one step on, and gives its new keys with sequence number 0.
  [[nodiscard]] crypto::record::KeyMaterial next_receive();
  [[nodiscard]] crypto::record::KeyMaterial next_transmit();
  // The keys that next_transmit() gave last.
  [[nodiscard]] crypto::record::KeyMaterial transmit() const;

 private:
  const crypto::Suite* suite_;
  crypto::Secret<48> client_;
  crypto::Secret<48> server_;
};

}  // namespace culvert::control
