// The client's side of a TLS connection that its own record layer takes over: control's connection with the roles
// turned round, a queue for what is to be sent, and the keys.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/http/wiping_allocator.hpp"
#include "control/tls/connection.hpp"
#include "tools/crowd/setup/tunnel_keys.hpp"

namespace culvert::crowd {

class ClientContext;

class TlsSide {
 public:
  // Throws std::runtime_error when OpenSSL has no memory. The ClientHello is in output().
  explicit TlsSide(const ClientContext& context);

  // False: it has failed, for reason(). A suite that the record layer does not carry is a failure, too.
  [[nodiscard]] bool receive(std::span<const uint8_t> record,
                             control::http::WipingString& plaintext);
  [[nodiscard]] bool write(std::string_view plaintext);
  // What is to go to the headend; `sent` of it has.
  [[nodiscard]] std::span<const uint8_t> output() const noexcept { return output_; }
  void sent(size_t size) {
    output_.erase(output_.begin(), output_.begin() + static_cast<long>(size));
  }

  [[nodiscard]] bool established() const noexcept { return tls_.established(); }
  // The headend has closed the connection in order.
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  // It has failed because the record layer does not carry what was agreed on.
  [[nodiscard]] bool without_suite() const noexcept {
    return SSL_is_init_finished(tls_.ssl()) == 1 && tls_.suite() == nullptr;
  }
  // RFC 5705.
  [[nodiscard]] bool export_secret(std::string_view label,
                                   std::span<uint8_t> secret) const noexcept {
    return tls_.export_secret(label, secret);
  }
  // Once all that was written is in output(). Throws std::runtime_error.
  [[nodiscard]] TunnelKeys keys() const;

 private:
  [[nodiscard]] bool shake_hands(std::span<const uint8_t> record);
  [[nodiscard]] bool fail();
  void take_output();

  control::TlsConnection tls_;
  std::vector<uint8_t> output_;
  bool closed_ = false;
  std::string reason_;
};

}  // namespace culvert::crowd
