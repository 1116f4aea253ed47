// An OpenSSL client over memory BIOs: the foreign end of the set-up tests.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "control/tls/owned.hpp"

namespace culvert::control::test {

class TlsClient {
 public:
  // `suite` in OpenSSL's name; `version` TLS1_2_VERSION or TLS1_3_VERSION. Of encrypt-then-MAC (RFC
  // 7366), which OpenSSL offers by itself, it speaks only if asked to.
  TlsClient(int version, const std::string& suite, bool encrypt_then_mac = false)
      : context_(SSL_CTX_new(TLS_client_method())) {
    if (!encrypt_then_mac) SSL_CTX_set_options(context_.get(), SSL_OP_NO_ENCRYPT_THEN_MAC);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (version == TLS1_3_VERSION) {
      EXPECT_EQ(SSL_CTX_set_ciphersuites(context_.get(), suite.c_str()), 1);
    } else {
      EXPECT_EQ(SSL_CTX_set_cipher_list(context_.get(), suite.c_str()), 1);
    }
    ssl_.reset(SSL_new(context_.get()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl_.get(), in, out);
    SSL_set_connect_state(ssl_.get());
  }

  // Moves the handshake on; what it has to say is in output() afterwards.
  bool handshake() { return SSL_do_handshake(ssl_.get()) == 1; }
  void write(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string read() {
    std::string all;
    char buffer[4096];
    for (int n = 0; (n = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<size_t>(n));
    return all;
  }
  void shutdown() { SSL_shutdown(ssl_.get()); }
  void key_update() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED); }
  void input(std::span<const uint8_t> bytes) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }
  std::vector<uint8_t> output() {
    std::vector<uint8_t> bytes(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
    if (!bytes.empty())
      BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  SSL* ssl() { return ssl_.get(); }

 private:
  Owned<SSL_CTX> context_;
  Owned<SSL> ssl_;
};

}  // namespace culvert::control::test
