// Two OpenSSL ends that have finished a handshake over memory, and the keys they agreed on: so that
// our record layer can take the place of either.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "crypto/kdf.hpp"
#include "tests/crypto/hex.hpp"

namespace culvert::crypto::record {

// Cuts a stream into whole records. Throws std::runtime_error if the last is not whole.
std::vector<Bytes> split_records(std::span<const uint8_t> stream);

class TlsPair {
 public:
  // With CBC the two agree on encrypt-then-MAC, or on MAC-then-encrypt.
  explicit TlsPair(const Suite& suite, bool encrypt_then_mac = false);
  TlsPair(const TlsPair&) = delete;
  TlsPair& operator=(const TlsPair&) = delete;

  [[nodiscard]] SSL* client() const noexcept { return client_.get(); }
  [[nodiscard]] SSL* server() const noexcept { return server_.get(); }
  // With sequence numbers and explicit nonces where the handshake left them.
  [[nodiscard]] TrafficKeys keys() const;
  // TLS 1.3: the first application traffic secret of one side.
  [[nodiscard]] const Bytes& secret(bool of_client) const {
    return secrets_.at(of_client ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0");
  }

  // What `end` has put on the wire since the last call.
  static Bytes take(SSL* end);
  static void deliver(SSL* end, std::span<const uint8_t> stream);

 private:
  struct Free {
    void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };
  static void on_keylog(const SSL* ssl, const char* line);
  void handshake();

  const Suite& suite_;
  const bool encrypt_then_mac_;
  std::unique_ptr<SSL_CTX, Free> client_ctx_;
  std::unique_ptr<SSL_CTX, Free> server_ctx_;
  std::unique_ptr<SSL, Free> client_;
  std::unique_ptr<SSL, Free> server_;
  Bytes client_stream_;  // everything that was sent during the handshake
  Bytes server_stream_;
  std::map<std::string, Bytes> secrets_;
};

}  // namespace culvert::crypto::record
