// DTLS 1.2 beside the TLS connection: handshake and records by OpenSSL over a kernel socket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/socket/descriptor.hpp"
#include "control/tls/owned.hpp"
#include "tools/culvert-client/grant.hpp"
#include "tools/culvert-client/patience.hpp"

namespace culvert::client {

class DtlsTunnel {
 public:
  // Sends the first flight. Throws Failure.
  DtlsTunnel(const DtlsOffer& offer, int tcp, const sockaddr_storage& peer);
  DtlsTunnel(const DtlsTunnel&) = delete;
  DtlsTunnel& operator=(const DtlsTunnel&) = delete;

  enum class State : uint8_t { shaking_hands, up, failed };
  // Goes on with the handshake: to be called when a datagram has come, and at timeout().
  State advance();
  [[nodiscard]] State state() const noexcept { return state_; }
  // When a flight is to be sent again; nothing while none is due.
  [[nodiscard]] std::optional<Clock::time_point> timeout() const;
  // One record's plaintext; 0 if none has come. A record that OpenSSL refuses is none. What ends the
  // tunnel makes it `failed`.
  [[nodiscard]] size_t read(std::span<uint8_t> room);
  // A datagram that the kernel has no room for, or refuses, is lost as on any path.
  void write(std::span<const uint8_t> plaintext);
  // close_notify.
  void close() noexcept;
  // The same, with a reason for problem().
  void end(std::string_view why);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] std::string suite() const { return SSL_get_cipher_name(ssl_.get()); }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }

 private:
  static unsigned on_psk(SSL* ssl, const char* hint, char* identity, unsigned room,
                         unsigned char* key, unsigned key_room);
  void judge(int result);

  std::vector<uint8_t> psk_;
  control::Descriptor socket_;
  control::Owned<SSL_CTX> context_;
  control::Owned<SSL> ssl_;
  State state_ = State::shaking_hands;
  std::string problem_;
};

}  // namespace culvert::client
