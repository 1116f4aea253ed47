#include "tools/crowd/setup/client_context.hpp"

#include <stdexcept>

#include "control/tls/connection.hpp"
#include "control/tls/openssl_reason.hpp"
#include "crypto/suite.hpp"
#include "tools/crowd/setup/dtls_handshake.hpp"
#include "tools/culvert-client/dtls_session.hpp"
#include "tools/culvert-client/gateway.hpp"

namespace culvert::crowd {

namespace {

std::string tls_cipher_list(crypto::Version version) {
  std::string list;
  for (const crypto::Suite& suite : crypto::tls_suites()) {
    if (suite.version == version) list += (list.empty() ? "" : ":") + std::string(suite.name);
  }
  return list;
}

}  // namespace

std::string dtls_cipher_list(bool pre_shared) {
  std::string list;
  for (const crypto::Suite& suite : crypto::dtls_suites()) {
    if ((suite.name.find("PSK") != std::string_view::npos) != pre_shared) continue;
    list += (list.empty() ? "" : ":") + std::string(suite.name);
  }
  return list;
}

ClientContext::ClientContext(const CrowdConfig& config)
    : config_(config),
      authority_(client::Gateway{
          .host = config.server_name.empty() ? config.headend.to_string() : config.server_name,
          .port = config.port}
                     .authority()),
      tls_(SSL_CTX_new(TLS_client_method())),
      dtls_(SSL_CTX_new(DTLS_client_method())) {
  if (!tls_ || !dtls_)
    throw std::runtime_error("OpenSSL could not start: check that libssl 3 is whole");
  SSL_CTX* c = tls_.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(c, config.tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  const std::string tls12 =
      config.tls12_ciphers.empty() ? tls_cipher_list(crypto::Version::tls12) : config.tls12_ciphers;
  const std::string tls13 =
      config.tls13_suites.empty() ? tls_cipher_list(crypto::Version::tls13) : config.tls13_suites;
  if (SSL_CTX_set_cipher_list(c, tls12.c_str()) != 1 ||
      SSL_CTX_set_ciphersuites(c, tls13.c_str()) != 1) {
    throw std::runtime_error("OpenSSL has none of the ciphers " + tls12 + ":" + tls13);
  }
  if (!config.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(c, config.ca_file.c_str(), nullptr) != 1) {
      throw std::runtime_error("cannot read the certificates in " + config.ca_file + ": " +
                               control::openssl_reason());
    }
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  }
  control::TlsConnection::watch(c);

  SSL_CTX* d = dtls_.get();
  client::allow_borrowed_sessions(d);
  SSL_CTX_set_options(d, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(d, SSL_SESS_CACHE_OFF);
  DtlsHandshake::watch(d);
}

}  // namespace culvert::crowd
