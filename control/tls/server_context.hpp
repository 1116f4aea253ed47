// What every TLS connection of the headend shares: certificate, key, versions and cipher suites.
//
// Only suites that a worker can carry are offered (crypto/suite.hpp), and nothing that would make
// the record layer differ from the one the worker continues: no tickets, no session cache, no
// renegotiation, no compression. Encrypt-then-MAC is OpenSSL's to agree to: workers carry both orders of CBC.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "control/config/config.hpp"
#include "control/tls/owned.hpp"

namespace culvert::control {

class ServerContext {
 public:
  // Loads `ssl.trust_point`, or the self-signed certificate of `state_dir`, which is made when it
  // is not there yet. Throws std::runtime_error with one sentence that says what to do.
  ServerContext(const SslConfig& ssl, const std::string& state_dir, const std::string& hostname);

  // Throws as the constructor for what is wrong with anything but the certificate, which it neither
  // reads nor makes.
  static void check_without_certificate(const SslConfig& ssl);

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }
  // "pin-sha256:BASE64": SHA-256 of the public key, as `openconnect --servercert` takes it.
  [[nodiscard]] const std::string& pin() const noexcept { return pin_; }
  [[nodiscard]] bool self_signed() const noexcept { return self_signed_; }
  // The file that certificate and key came from.
  [[nodiscard]] const std::string& certificate_file() const noexcept { return certificate_file_; }
  // Names in the configured cipher lists that workers do not carry; they are not offered.
  [[nodiscard]] const std::vector<std::string>& ignored_ciphers() const noexcept {
    return ignored_ciphers_;
  }

 private:
  explicit ServerContext(const SslConfig& ssl);  // without certificate and ciphers
  void load_certificate(const SslConfig& ssl);
  void set_ciphers(const SslConfig& ssl);
  void set_pin();

  Owned<SSL_CTX> context_;
  std::string certificate_file_;
  std::string pin_;
  std::vector<std::string> ignored_ciphers_;
  bool self_signed_ = false;
};

}  // namespace culvert::control
