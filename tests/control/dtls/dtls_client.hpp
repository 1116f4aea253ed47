// An OpenSSL DTLS client that passes datagrams: the foreign end of the tests.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "control/dtls/datagram_bio.hpp"
#include "control/dtls/openssl_handshake.hpp"
#include "control/tls/owned.hpp"

namespace culvert::control::test {

class DtlsClient {
 public:
  // As openconnect does it: the id goes into the session id of the hello in every form. `suites` in
  // OpenSSL's names; the first is that of the session.
  DtlsClient(DtlsForm form, const std::string& suites, std::span<const uint8_t> secret,
             std::span<const uint8_t> id, unsigned mtu = 1400, int version = DTLS1_2_VERSION)
      : context_(SSL_CTX_new(DTLS_client_method())), secret_(secret.begin(), secret.end()) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (version == DTLS1_BAD_VER) {
      SSL_CTX_set_security_level(context_.get(), 0);  // MD5 with SHA-1
      // Its servers are older than RFC 5746.
      SSL_CTX_set_options(context_.get(), SSL_OP_CISCO_ANYCONNECT | SSL_OP_LEGACY_SERVER_CONNECT);
    }
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_ciphersuites(context_.get(), "");  // those of TLS 1.3 would come first
    EXPECT_EQ(SSL_CTX_set_cipher_list(context_.get(), suites.c_str()), 1) << suites;
    if (form == DtlsForm::psk) SSL_CTX_set_psk_client_callback(context_.get(), on_psk);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), this);
    queues_.mtu = mtu;
    BIO* bio = new_datagram_bio(queues_);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_mtu(ssl_.get(), mtu);

    SSL_SESSION* session = SSL_SESSION_new();
    SSL_SESSION_set_protocol_version(session, version);
    SSL_SESSION_set_cipher(session, sk_SSL_CIPHER_value(SSL_get_ciphers(ssl_.get()), 0));
    const std::vector<uint8_t> master(48, 7);
    const auto& key = form == DtlsForm::psk ? master : secret_;
    SSL_SESSION_set1_master_key(session, key.data(), key.size());
    SSL_SESSION_set1_id(session, id.data(), static_cast<unsigned>(id.size()));
    EXPECT_EQ(SSL_set_session(ssl_.get(), session), 1);
    SSL_SESSION_free(session);
    SSL_set_connect_state(ssl_.get());
  }

  // Moves the handshake on; true when it is complete. Reading answers a flight that comes again.
  bool handshake() {
    if (!done()) return SSL_do_handshake(ssl_.get()) == 1;
    char none = 0;
    (void)SSL_peek(ssl_.get(), &none, 1);
    return true;
  }
  // Its retransmission timer.
  void timeout() { (void)DTLSv1_handle_timeout(ssl_.get()); }
  [[nodiscard]] bool done() const { return !SSL_in_init(ssl_.get()); }
  void input(std::vector<uint8_t> datagram) { queues_.in.push_back(std::move(datagram)); }
  [[nodiscard]] std::vector<Datagram> output() { return std::exchange(queues_.out, {}); }
  // One datagram with `text` as application data.
  [[nodiscard]] Datagram seal(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
    auto out = output();
    EXPECT_EQ(out.size(), 1u);
    return out.empty() ? Datagram{} : out.back();
  }
  [[nodiscard]] std::string open(Datagram datagram) {
    input(std::move(datagram));
    char buffer[4096];
    const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
  }
  [[nodiscard]] SSL* ssl() { return ssl_.get(); }

 private:
  static unsigned on_psk(SSL* ssl, const char*, char* identity, unsigned room, unsigned char* psk,
                         unsigned psk_room) {
    const auto* self = static_cast<DtlsClient*>(SSL_get_app_data(ssl));
    if (self->secret_.size() > psk_room || room < 4) return 0;
    std::memcpy(identity, "psk", 4);
    std::memcpy(psk, self->secret_.data(), self->secret_.size());
    return static_cast<unsigned>(self->secret_.size());
  }

  DatagramQueues queues_;
  Owned<SSL_CTX> context_;
  std::vector<uint8_t> secret_;
  Owned<SSL> ssl_;
};

}  // namespace culvert::control::test
