// The TLS connection to the headend: handshake, certificate, records, all by OpenSSL over a kernel
// socket.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/socket/descriptor.hpp"
#include "control/tls/owned.hpp"
#include "tools/culvert-client/gateway.hpp"
#include "tools/culvert-client/options.hpp"
#include "tools/culvert-client/patience.hpp"

namespace culvert::client {

class TlsStream {
 public:
  // Connects, shakes hands, and looks at the certificate: by pin if there are pins, else by the
  // system's authorities and the name. Throws Failure.
  TlsStream(const Gateway& gateway, const Options& options, Signals& signals);

  // One record's plaintext at most; 0 if none has come. Throws Failure when the connection is over
  // (closed() tells whether the headend closed it in order).
  [[nodiscard]] size_t read(std::span<uint8_t> room);
  // False: call again with the same bytes when it can be written to. Throws Failure.
  [[nodiscard]] bool write(std::span<const uint8_t> bytes);
  // The same, waiting.
  void write_all(std::string_view bytes, Signals& signals, Clock::time_point deadline);
  // At least a byte, waiting. Throws Failure.
  [[nodiscard]] size_t read_some(std::span<uint8_t> room, Signals& signals,
                                 Clock::time_point deadline, std::string_view what);
  // Whether OpenSSL holds plaintext that no poll would tell of.
  [[nodiscard]] bool pending() const noexcept { return SSL_pending(ssl_.get()) > 0; }

  // 32 bytes for DTLS, of this connection (RFC 5705).
  [[nodiscard]] std::vector<uint8_t> export_secret(std::string_view label) const;
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] const Way& way() const noexcept { return way_; }
  [[nodiscard]] const sockaddr_storage& peer() const noexcept { return way_.peer; }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  [[nodiscard]] std::string suite() const { return SSL_get_cipher_name(ssl_.get()); }

 private:
  void verify(const Options& options) const;

  Way way_;
  control::Descriptor socket_;
  control::Owned<SSL_CTX> context_;
  control::Owned<SSL> ssl_;
};

}  // namespace culvert::client
