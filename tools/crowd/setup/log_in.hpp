// One TLS connection of a client, from its first byte to CONNECT's answer. No sockets, no clock.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "control/http/wiping_allocator.hpp"
#include "tools/crowd/crowd.hpp"
#include "tools/crowd/setup/client_context.hpp"
#include "tools/crowd/setup/grant.hpp"
#include "tools/crowd/setup/tls_side.hpp"
#include "tools/culvert-client/document.hpp"
#include "tools/culvert-client/reply.hpp"

namespace culvert::crowd {

using Cookie = control::http::WipingString;

struct SetupFailure {
  Why why = Why::none;
  uint16_t http_status = 0;
  std::string text{};
};

class LogIn {
 public:
  enum class Stage : uint8_t { handshake, asking, connecting, established, failed };

  // By name and password, in the form of XML that AnyConnect speaks.
  LogIn(const ClientContext& context, const Credentials& who);
  // By the cookie of a session that there is; `before` are its addresses, to be asked for again.
  LogIn(const ClientContext& context, const Cookie& cookie, const dp::InnerAddresses& before);
  ~LogIn();
  // Does not ask for DTLS, whatever the configuration says. Before anything else.
  void without_dtls() noexcept { want_dtls_ = false; }

  // The next record of the stream, whole. Once the stage is `established` or `failed`, none.
  void receive(std::span<const uint8_t> record);
  [[nodiscard]] std::span<const uint8_t> output() { return tls_.output(); }
  void sent(size_t size) { tls_.sent(size); }

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  [[nodiscard]] const SetupFailure& failure() const noexcept { return failure_; }
  [[nodiscard]] uint16_t http_status() const noexcept { return failure_.http_status; }
  [[nodiscard]] bool by_cookie() const noexcept { return by_cookie_; }
  // When established.
  [[nodiscard]] const Grant& grant() const noexcept { return grant_; }
  [[nodiscard]] const Cookie& cookie() const noexcept { return cookie_; }
  [[nodiscard]] TunnelKeys keys() const { return tls_.keys(); }

 private:
  void begin();
  void take(const client::Reply& reply);
  void ask(std::string_view path, const Cookie& body);
  void answer(const client::Document& form);
  void connect();
  void take_grant(const client::Reply& reply);
  void fail(Why why, std::string text);

  const ClientContext& context_;
  TlsSide tls_;
  Credentials who_;
  Cookie cookie_;
  std::string web_context_;  // ocserv's cookie of the dialogue
  const dp::InnerAddresses before_;
  const bool by_cookie_;
  bool want_dtls_ = true;
  unsigned rounds_ = 0;
  bool answered_ = false;
  Stage stage_ = Stage::handshake;
  client::ReplyReader reader_;
  crypto::Secret<48> master_;  // offered to DTLS for a resumption
  Grant grant_;
  Cookie plaintext_;  // not yet understood
  SetupFailure failure_;
};

}  // namespace culvert::crowd
