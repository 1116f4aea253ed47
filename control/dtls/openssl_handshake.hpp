// OpenSSL's DTLS 1.2 server with preset secrets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "control/dtls/datagram_bio.hpp"
#include "control/dtls/handshake.hpp"
#include "control/tls/owned.hpp"

namespace culvert::control {

// What all of these handshakes share: DTLS 1.2 and nothing that a session which never was cannot have, or
// that workers cannot continue (RFC 7627, RFC 5077, renegotiation).
class DtlsContext {
 public:
  DtlsContext();  // throws std::runtime_error
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  Owned<SSL_CTX> context_;
};

class OpensslHandshake final : public DtlsHandshake {
 public:
  // Throws std::runtime_error when OpenSSL has no memory.
  OpensslHandshake(const DtlsContext& context, Parameters parameters);
  ~OpensslHandshake() override;

  [[nodiscard]] Step advance(std::vector<Datagram> datagrams) override;
  [[nodiscard]] std::vector<Datagram> take_output() override;
  [[nodiscard]] std::optional<uint64_t> timer_us() const noexcept override;
  [[nodiscard]] DtlsKeys keys() const override;
  [[nodiscard]] const std::string& error() const noexcept override { return error_; }

 private:
  friend class DtlsContext;
  static unsigned on_psk(SSL* ssl, const char* identity, unsigned char* psk, unsigned room);
  static SSL_SESSION* on_session(SSL* ssl, const unsigned char* id, int size, int* copy);
  static void on_message(int sent, int version, int type, const void* data, size_t size, SSL* ssl,
                         void* argument);
  [[nodiscard]] Step fail(std::string_view what);

  Parameters parameters_;
  DatagramQueues queues_;
  Owned<SSL> ssl_;
  bool done_ = false;
  bool encrypt_then_mac_ = false;  // RFC 7366 was agreed on
  std::string error_;
};

}  // namespace culvert::control
