// The HTTP side of a connection in set-up: what is asked for, CONNECT, logout.
#include <fmt/format.h>

#include "control/anyconnect/connect_reply.hpp"
#include "control/anyconnect/connect_request.hpp"
#include "control/anyconnect/xml_reply.hpp"
#include "control/setup/connection.hpp"
#include "control/tls/key_export.hpp"

namespace culvert::control {

void Connection::on_request(const http::Request& request) {
  const Config& config = *parts_.env.config;
  const std::string_view path = request.path();
  if (is_tunnel_path(path)) {
    if (request.method != "CONNECT") return refuse_request(405);
    return on_connect(request);
  }
  if (request.method == "CONNECT") return refuse_request(404);
  if (request.method != "GET" && request.method != "POST") {
    const bool known = request.method == "HEAD" || request.method == "PUT" ||
                       request.method == "DELETE" || request.method == "OPTIONS" ||
                       request.method == "TRACE" || request.method == "PATCH";
    return refuse_request(known ? 405 : 501);
  }
  if (path == "/logout") return on_logout(request.cookie("webvpn"), false);
  if (request.method == "GET") {
    if (const auto file = client_file(path, parts_.profiles)) return reply(*file);
  }
  if (!is_login_path(config, request.header("Host"), path)) return refuse_request(404);
  on_document(request);
}

void Connection::refuse_request(unsigned status) {
  parts_.stats.requests_refused++;
  http::Reply answer = http::refusal(status);
  if (status == 405) answer.headers.emplace_back("Allow", "GET, POST, CONNECT");
  reply(answer);
}

void Connection::on_logout(std::string_view cookie, bool as_document) {
  (void)parts_.sessions.logout(cookie);  // says the same whether there was a session or not
  http::Reply answer;
  if (as_document) {
    answer = http::xml_document(logout_complete());
  } else {
    answer.content_type = "text/html; charset=utf-8";
    answer.body = "<html></html>\n";
  }
  answer.headers.emplace_back("Set-Cookie",
                              "webvpn=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; Secure; "
                              "HttpOnly");
  reply(answer);
}

void Connection::on_connect(const http::Request& request) {
  const ConnectRequest wanted = parse_connect(request);
  if (!request.body.empty() || tls_->leftover() != 0) return refuse_request(400);
  TunnelInfo peer;
  peer.conn = conn_;
  peer.flow = flow_;
  peer.suite = tls_->suite();
  peer.encrypt_then_mac = tls_->encrypt_then_mac();
  peer.client_mss = peer_mss_;
  peer.timestamps = timestamps_;
  ConnectTls tls;
  tls.max_plaintext = tls_->max_plaintext();
  // Both ends take DTLS's pre-shared key from the connection that carries the CONNECT.
  if (!tls_->export_secret("EXPORTER-openconnect-psk", tls.psk.reserve(32))) tls.psk.assign({});
  Sessions::ConnectResult result = parts_.sessions.connect(wanted, peer, tls);
  const bool granted = result.status == 200;
  (granted ? parts_.stats.connects : parts_.stats.connects_refused)++;
  if (!tls_->write(result.reply)) return close();
  if (!granted) return close();
  send_output();
  try {
    TunnelKeys keys = export_keys(*tls_);
    result.promotion.rx = keys.rx;
    result.promotion.tx = keys.tx;
  } catch (const std::runtime_error& e) {
    parts_.env.log(4, 722004,
                   fmt::format("IP <{}> Error responding to SVC connect request: {}.",
                               flow_.remote.to_string(), e.what()));
    return abort();
  }
  parts_.outbox.promote(conn_, result.promotion);
  claim_ = std::move(result.claim);
  openssl_bytes_ = tls_->bytes_read();
  if (tls_->suite()->version == crypto::Version::tls13) keys_.emplace(*tls_);
  // OpenSSL's part is over: 45 KB a connection go back.
  tls_.reset();
  enter(State::promoting);
}

}  // namespace culvert::control
