// Two OpenSSL ends that have finished a DTLS 1.2 handshake, and the keys they agreed on: so that our
// record layer can take the place of either.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <openssl/ssl.h>

#include "crypto/kdf.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/record/datagram_bio.hpp"

namespace culvert::crypto::record {

class DtlsPair {
 public:
  // Suites of a pre-shared key use one; the others a certificate. Throws std::runtime_error if there
  // is no handshake. With CBC the two agree on encrypt-then-MAC, or on MAC-then-encrypt.
  explicit DtlsPair(const Suite& suite, bool encrypt_then_mac = false);
  DtlsPair(const DtlsPair&) = delete;
  DtlsPair& operator=(const DtlsPair&) = delete;

  [[nodiscard]] SSL* client() const noexcept { return client_.ssl.get(); }
  [[nodiscard]] SSL* server() const noexcept { return server_.ssl.get(); }
  // Of epoch 1, whose first record was Finished.
  [[nodiscard]] TrafficKeys keys() const;

  // The datagrams that `end` has sent since the last call.
  std::vector<Bytes> take(SSL* end);
  void deliver(SSL* end, std::span<const uint8_t> datagram);

 private:
  struct Free {
    void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };
  struct End {
    DatagramQueues queues;
    std::unique_ptr<SSL_CTX, Free> ctx;
    std::unique_ptr<SSL, Free> ssl;
  };
  void begin(End& end, const SSL_METHOD* method) const;

  const Suite& suite_;
  const bool encrypt_then_mac_;
  End client_;
  End server_;
};

}  // namespace culvert::crypto::record
