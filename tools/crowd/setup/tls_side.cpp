#include "tools/crowd/setup/tls_side.hpp"

#include <openssl/x509v3.h>

#include "control/tls/key_export.hpp"
#include "tools/crowd/setup/client_context.hpp"

namespace culvert::crowd {

TlsSide::TlsSide(const ClientContext& context) : tls_(context.tls(), control::TlsRole::client) {
  SSL* ssl = tls_.ssl();
  const CrowdConfig& config = context.config();
  if (!config.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl, config.server_name.c_str());
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), config.server_name.c_str(), 0);
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), config.headend.to_string().c_str());
  }
  (void)shake_hands({});
}

bool TlsSide::fail() {
  reason_ = tls_.error();
  const long verdict = SSL_get_verify_result(tls_.ssl());
  if (verdict != X509_V_OK && !established()) reason_ = X509_verify_cert_error_string(verdict);
  take_output();  // an alert, perhaps
  return false;
}

bool TlsSide::shake_hands(std::span<const uint8_t> record) {
  switch (tls_.handshake(record)) {
    case control::TlsStep::failed: return fail();
    case control::TlsStep::closed: closed_ = true; break;
    case control::TlsStep::more:
    case control::TlsStep::done: break;
  }
  take_output();
  return true;
}

bool TlsSide::receive(std::span<const uint8_t> record, control::http::WipingString& plaintext) {
  if (!established()) return shake_hands(record);
  std::string read;
  const control::TlsStep step = tls_.read(record, read);
  plaintext.append(read);
  crypto::wipe({reinterpret_cast<uint8_t*>(read.data()), read.size()});
  if (step == control::TlsStep::failed) return fail();
  closed_ = closed_ || step == control::TlsStep::closed;
  take_output();
  return true;
}

bool TlsSide::write(std::string_view plaintext) {
  if (!tls_.write(plaintext)) return fail();
  take_output();
  return true;
}

void TlsSide::take_output() {
  const std::vector<uint8_t> more = tls_.take_output();
  output_.insert(output_.end(), more.begin(), more.end());
}

TunnelKeys TlsSide::keys() const {
  const control::TunnelKeys keys = control::export_keys(tls_);
  return {keys.tx, keys.rx, tls_.client_secret(), tls_.server_secret()};
}

}  // namespace culvert::crowd
