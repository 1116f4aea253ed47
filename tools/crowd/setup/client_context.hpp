// OpenSSL's settings for all members of a crowd, read once.
#pragma once

#include <string>

#include <openssl/ssl.h>

#include "control/tls/owned.hpp"
#include "tools/crowd/crowd_config.hpp"

namespace culvert::crowd {

class ClientContext {
 public:
  // Throws std::runtime_error: a cipher that there is not, a file that cannot be read.
  explicit ClientContext(const CrowdConfig& config);

  [[nodiscard]] SSL_CTX* tls() const noexcept { return tls_.get(); }
  [[nodiscard]] SSL_CTX* dtls() const noexcept { return dtls_.get(); }
  [[nodiscard]] const CrowdConfig& config() const noexcept { return config_; }
  // For a Host header: an IPv6 address in brackets, and the port where it is not 443.
  [[nodiscard]] const std::string& authority() const noexcept { return authority_; }

 private:
  const CrowdConfig& config_;
  std::string authority_;
  control::Owned<SSL_CTX> tls_, dtls_;
};

// Names that the record layer carries in DTLS 1.2, as OpenSSL's list: those with pre-shared keys, or the others.
[[nodiscard]] std::string dtls_cipher_list(bool pre_shared);

}  // namespace culvert::crowd
