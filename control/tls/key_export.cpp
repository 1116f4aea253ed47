// Key export: RFC 5246 §6.3 for TLS 1.2, RFC 8446 §7.3 for TLS 1.3.
#include "control/tls/key_export.hpp"

#include <array>
#include <stdexcept>

#include "crypto/kdf.hpp"

namespace culvert::control {
namespace {

crypto::TrafficKeys keys12(const TlsConnection& connection) {
  SSL* ssl = connection.ssl();
  crypto::Secret<crypto::kMasterSecretSize> master;
  const std::span<uint8_t> room = master.reserve(crypto::kMasterSecretSize);
  if (SSL_SESSION_get_master_key(SSL_get_session(ssl), room.data(), room.size()) != room.size()) {
    throw std::runtime_error("OpenSSL does not give out the master secret: use TLS 1.3");
  }
  std::array<uint8_t, crypto::kRandomSize> client{};
  std::array<uint8_t, crypto::kRandomSize> server{};
  SSL_get_client_random(ssl, client.data(), client.size());
  SSL_get_server_random(ssl, server.data(), server.size());
  return crypto::tls12_keys(*connection.suite(), master.view(), client, server);
}

crypto::TrafficKeys keys13(const TlsConnection& connection) {
  if (connection.client_secret().empty() || connection.server_secret().empty()) {
    throw std::runtime_error("OpenSSL did not report the traffic secrets: check its version");
  }
  return {crypto::tls13_keys(*connection.suite(), connection.client_secret().view()),
          crypto::tls13_keys(*connection.suite(), connection.server_secret().view())};
}

}  // namespace

TunnelKeys export_keys(const TlsConnection& connection) {
  if (!connection.established()) {
    throw std::runtime_error("keys exist only after the handshake");
  }
  if (connection.leftover() != 0 || BIO_ctrl_pending(SSL_get_wbio(connection.ssl())) != 0) {
    throw std::runtime_error("OpenSSL still holds bytes that belong to the tunnel");
  }
  const bool tls12 = connection.suite()->version == crypto::Version::tls12;
  const crypto::TrafficKeys keys = tls12 ? keys12(connection) : keys13(connection);
  TunnelKeys out = connection.role() == TlsRole::server ? TunnelKeys{keys.client, keys.server}
                                                        : TunnelKeys{keys.server, keys.client};
  out.rx.sequence = connection.records_in();
  out.tx.sequence = connection.records_out();
  out.rx.encrypt_then_mac = out.tx.encrypt_then_mac = connection.encrypt_then_mac();
  // Never the same nonce twice under one key: continue where OpenSSL stopped.
  if (tls12) out.tx.explicit_nonce = connection.last_explicit_nonce() + 1;
  return out;
}

}  // namespace culvert::control
