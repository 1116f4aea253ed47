// One client-side TLS connection over memory BIOs, fed one whole record at a time, with the bookkeeping that the record
// layer needs to go on where OpenSSL stops: the counterpart of control/tls/connection.hpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "control/http/wiping_allocator.hpp"
#include "crypto/record/protection.hpp"
#include "crypto/secret.hpp"
#include "crypto/suite.hpp"

namespace culvert::crowd {

class ClientContext;

// What the tunnel is sealed and opened with from here on.
struct TunnelKeys {
  crypto::record::KeyMaterial transmit,
      receive;  // without a suite: not one that the record layer carries
  crypto::Secret<48> transmit_secret, receive_secret;  // TLS 1.3's, for KeyUpdates
};

class TlsSide {
 public:
  // Throws std::runtime_error when OpenSSL has no memory. The ClientHello is in output().
  explicit TlsSide(const ClientContext& context);
  ~TlsSide();
  TlsSide(const TlsSide&) = delete;
  TlsSide& operator=(const TlsSide&) = delete;

  // False: it has failed, for reason().
  [[nodiscard]] bool receive(std::span<const uint8_t> record,
                             control::http::WipingString& plaintext);
  [[nodiscard]] bool write(std::string_view plaintext);
  // What is to go to the headend; `sent` of it has.
  [[nodiscard]] std::span<const uint8_t> output();
  void sent(size_t size) {
    output_.erase(output_.begin(), output_.begin() + static_cast<long>(size));
  }

  [[nodiscard]] bool established() const noexcept { return established_; }
  // The headend has closed the connection in order.
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  // RFC 5705.
  [[nodiscard]] bool export_secret(std::string_view label,
                                   std::span<uint8_t> secret) const noexcept;
  // Once all that was written is in output(). Throws std::runtime_error.
  [[nodiscard]] TunnelKeys keys() const;

  static void watch(SSL_CTX* context) noexcept;

 private:
  struct Free {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };
  static void on_secret(const SSL* ssl, const char* line);
  static void on_message(int sent, int version, int type, const void* data, size_t size, SSL* ssl,
                         void* argument);
  [[nodiscard]] bool shake_hands();
  [[nodiscard]] bool fail();
  void take_output();
  void note_nonces(std::span<const uint8_t> records) noexcept;

  std::unique_ptr<SSL, Free> ssl_;
  std::vector<uint8_t> output_;
  const crypto::Suite* suite_ = nullptr;
  bool established_ = false, closed_ = false;
  bool sealing12_ = false;  // our ChangeCipherSpec of TLS 1.2 has gone out
  bool encrypt_then_mac_ = false;
  bool changed_keys_ = false;  // KeyUpdate before the tunnel: counts and secrets mean nothing now
  uint64_t records_in_ = 0, records_out_ = 0;  // under the present keys
  uint64_t last_explicit_nonce_ = 0;
  crypto::Secret<48> client_secret_, server_secret_;
  std::string reason_;
};

}  // namespace culvert::crowd
