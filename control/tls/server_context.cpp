// Sets up the SSL_CTX (RFC 8446, RFC 5246). Every refusal is one sentence that says what to do.
#include "control/tls/server_context.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "control/config/cipher_choice.hpp"
#include "control/tls/client_certificate.hpp"
#include "control/tls/connection.hpp"
#include "control/tls/files.hpp"
#include "control/tls/openssl_reason.hpp"
#include "control/tls/self_signed.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {
namespace {

// The names of a custom list that workers carry, in its order; without a list those of the level.
std::string carried(const SslConfig& ssl, crypto::Version version,
                    std::vector<std::string>& ignored) {
  const CipherChoice& choice = choice_for(ssl, version);
  if (choice.custom.empty()) return names_in(choice.level, version);
  const std::string_view wanted = choice.custom;
  std::string names;
  for (size_t at = 0; at <= wanted.size();) {
    const size_t end = std::min(wanted.find(':', at), wanted.size());
    const std::string_view name = wanted.substr(at, end - at);
    at = end + 1;
    if (name.empty()) continue;
    const crypto::Suite* suite = crypto::find_suite(version, name);
    if (suite == nullptr) {
      ignored.emplace_back(name);
      continue;
    }
    if (!names.empty()) names += ':';
    names += name;
  }
  if (names.empty()) {
    refuse("none of the " + std::string(to_string(version)) + " ciphers '" + std::string(wanted) +
           "' can be carried; name at least one of " + names_in(CipherLevel::all, version) +
           " in 'ssl cipher'");
  }
  return names;
}

}  // namespace

ServerContext::ServerContext(const SslConfig& ssl) : context_(SSL_CTX_new(TLS_server_method())) {
  if (!context_) refuse("OpenSSL could not start: check that libssl 3 and its providers are whole");
  SSL_CTX* c = context_.get();
  SSL_CTX_set_min_proto_version(c, ssl.allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
  // A ticket would be a record under application keys that nobody asked for, and a resumed session
  // saves a VPN client nothing.
  SSL_CTX_set_num_tickets(c, 0);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c, 0);
  SSL_CTX_set_dh_auto(c, 1);
  SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
  if (!ssl.client_ca.empty()) request_client_certificates(c, ssl.client_ca, ssl.client_crl);
  // A daemon has nobody to ask for a passphrase.
  SSL_CTX_set_default_passwd_cb(c, [](char*, int, int, void*) { return -1; });
  TlsConnection::watch(c);
}

ServerContext::ServerContext(const SslConfig& ssl, const std::string& state_dir,
                             const std::string& hostname)
    : ServerContext(ssl) {
  self_signed_ = ssl.trust_point.empty();
  certificate_file_ = self_signed_ ? ensure_self_signed(state_dir, hostname) : ssl.trust_point;
  load_certificate(ssl);
  set_ciphers(ssl);
  set_pin();
}

void ServerContext::check_without_certificate(const SslConfig& ssl) {
  ServerContext(ssl).set_ciphers(ssl);
}

void ServerContext::load_certificate(const SslConfig& ssl) {
  SSL_CTX* c = context_.get();
  const bool own_key_file = !self_signed_ && !ssl.trust_point_key.empty();
  const std::string& key_file = own_key_file ? ssl.trust_point_key : certificate_file_;
  for (const std::string& file : {certificate_file_, key_file})
    require_readable(file, "certificate file", "ssl trust-point");
  if (SSL_CTX_use_certificate_chain_file(c, certificate_file_.c_str()) != 1) {
    refuse("there is no certificate in " + certificate_file_ +
           (self_signed_ ? "; remove the file, a new one is made at the next start"
                         : "; 'ssl trust-point' needs a PEM file, the server's own first"));
  }
  ERR_clear_error();
  if (SSL_CTX_use_PrivateKey_file(c, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool mismatch = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    refuse(mismatch ? "the private key in " + key_file + " does not belong to the certificate in " +
                          certificate_file_ + "; give the pair that was made together"
                    : "there is no usable private key in " + key_file +
                          "; append the unencrypted PEM key or name its file with 'ssl "
                          "trust-point CERT KEY'");
  }
  if (SSL_CTX_check_private_key(c) != 1) {
    refuse("the private key in " + key_file + " does not belong to the certificate in " +
           certificate_file_ + "; give the pair that was made together");
  }
}

void ServerContext::set_ciphers(const SslConfig& ssl) {
  SSL_CTX* c = context_.get();
  const std::string tls13 = carried(ssl, crypto::Version::tls13, ignored_ciphers_);
  if (SSL_CTX_set_ciphersuites(c, tls13.c_str()) != 1) {
    refuse("OpenSSL has none of the TLSv1.3 ciphers " + tls13 + "; change 'ssl cipher tlsv1.3'");
  }
  if (!ssl.allow_tls12) return;
  const std::string tls12 = carried(ssl, crypto::Version::tls12, ignored_ciphers_);
  if (SSL_CTX_set_cipher_list(c, tls12.c_str()) != 1) {
    refuse("OpenSSL has none of the TLSv1.2 ciphers " + tls12 + "; change 'ssl cipher tlsv1.2'");
  }
}

// RFC 7469 §2.4: base64 of SHA-256 over the DER form of the SubjectPublicKeyInfo.
void ServerContext::set_pin() {
  unsigned char* der = nullptr;
  const int size =
      i2d_X509_PUBKEY(X509_get_X509_PUBKEY(SSL_CTX_get0_certificate(context_.get())), &der);
  if (size <= 0) refuse("the public key in " + certificate_file_ + " cannot be read; replace it");
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<size_t>(size), digest.data());
  OPENSSL_free(der);
  std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), SHA256_DIGEST_LENGTH);
  pin_ = "pin-sha256:" +
         std::string(reinterpret_cast<const char*>(text.data()), static_cast<size_t>(length));
}

}  // namespace culvert::control
