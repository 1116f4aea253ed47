// The client's side of a DTLS 1.2 handshake: with a pre-shared key, or as the resumption of a session that never was.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "control/dtls/datagram_bio.hpp"
#include "control/dtls/key_export.hpp"
#include "control/tls/owned.hpp"
#include "tools/crowd/setup/grant.hpp"

namespace culvert::crowd {

class ClientContext;

class DtlsHandshake {
 public:
  enum class Stage : uint8_t { going, done, failed };

  // The ClientHello is the first datagram.
  DtlsHandshake(const ClientContext& context, const DtlsOffer& offer);
  ~DtlsHandshake();
  DtlsHandshake(const DtlsHandshake&) = delete;
  DtlsHandshake& operator=(const DtlsHandshake&) = delete;

  void receive(std::span<const uint8_t> datagram);
  // Sends again what was lost, if it is time to.
  void look_at_timer();
  // Each is to be sent once.
  [[nodiscard]] std::vector<control::Datagram> take_datagrams();

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  // When done. Without a suite: it is not one that the record layer carries. Throws std::runtime_error.
  [[nodiscard]] control::DtlsKeys keys() const;

  static void watch(SSL_CTX* context) noexcept;

 private:
  static void on_message(int sent, int version, int type, const void* data, size_t size, SSL* ssl,
                         void* argument);
  static unsigned on_psk(SSL* ssl, const char* hint, char* identity, unsigned room,
                         unsigned char* key, unsigned key_room);
  void advance();

  const DtlsOffer offer_;
  control::DatagramQueues queues_;
  control::Owned<SSL> ssl_;
  Stage stage_ = Stage::going;
  bool encrypt_then_mac_ = false;
  std::string reason_;
};

}  // namespace culvert::crowd
