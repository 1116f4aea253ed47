#include "tools/crowd/setup/dtls_handshake.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/server_hello.hpp"
#include "tools/crowd/setup/client_context.hpp"
#include "tools/culvert-client/dtls_session.hpp"

namespace culvert::crowd {

namespace {

constexpr unsigned kDatagram = 1200;  // bytes; handshake messages are far smaller

int handshake_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
DtlsHandshake* handshake_of(const SSL* ssl) noexcept {
  return static_cast<DtlsHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
}

}  // namespace

void DtlsHandshake::watch(SSL_CTX* context) noexcept {
  SSL_CTX_set_msg_callback(context, on_message);
  SSL_CTX_set_psk_client_callback(context, on_psk);
}

DtlsHandshake::DtlsHandshake(const ClientContext& context, const DtlsOffer& offer)
    : offer_(offer), ssl_(SSL_new(context.dtls())) {
  queues_.mtu = kDatagram;
  BIO* bio = control::new_datagram_bio(queues_);
  const std::string& wished = context.config().dtls_ciphers;
  const std::string list = !offer_.pre_shared ? offer_.suite
                           : wished.empty()   ? dtls_cipher_list(true)
                                              : wished;
  if (!ssl_ || bio == nullptr || SSL_set_ex_data(ssl_.get(), handshake_index(), this) != 1) {
    BIO_free(bio);
    throw std::runtime_error("OpenSSL has no memory for a DTLS handshake: take fewer members");
  }
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mtu(ssl_.get(), kDatagram);
  SSL_set_connect_state(ssl_.get());
  if (SSL_set_cipher_list(ssl_.get(), list.c_str()) != 1) {
    stage_ = Stage::failed;
    reason_ = "OpenSSL has no DTLS cipher " + list;
    ERR_clear_error();
    return;
  }
  if (!client::claim_session(
          ssl_.get(), offer_.id,
          offer_.pre_shared ? std::span<const uint8_t>() : offer_.secret.view())) {
    stage_ = Stage::failed;
    reason_ = control::openssl_reason();
    return;
  }
  advance();
}

DtlsHandshake::~DtlsHandshake() = default;

unsigned DtlsHandshake::on_psk(SSL* ssl, const char*, char* identity, unsigned room,
                               unsigned char* key, unsigned key_room) {
  const DtlsHandshake* self = handshake_of(ssl);
  if (self == nullptr || !self->offer_.pre_shared) return 0;
  return client::give_psk(self->offer_.secret.view(), {identity, room}, {key, key_room});
}

void DtlsHandshake::on_message(int sent, int, int type, const void* data, size_t size, SSL* ssl,
                               void*) {
  DtlsHandshake* self = handshake_of(ssl);
  const auto* message = static_cast<const uint8_t*>(data);
  if (self == nullptr || sent != 0 || type != SSL3_RT_HANDSHAKE || size == 0 ||
      message[0] != control::kServerHelloType) {
    return;
  }
  self->encrypt_then_mac_ =
      control::agrees_to_encrypt_then_mac({message, size}, control::kDtlsHandshakeHeaderSize);
}

void DtlsHandshake::advance() {
  if (stage_ == Stage::failed) return;
  ERR_clear_error();
  if (stage_ == Stage::done) {
    // OpenSSL sends its last flight again while it reads, if it finds the headend's once more.
    std::array<uint8_t, 256> ignored{};
    (void)SSL_read(ssl_.get(), ignored.data(), static_cast<int>(ignored.size()));
    queues_.in.clear();
    ERR_clear_error();
    return;
  }
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    stage_ = Stage::done;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    stage_ = Stage::failed;
    reason_ = control::openssl_reason();
  }
}

void DtlsHandshake::receive(std::span<const uint8_t> datagram) {
  // OpenSSL would take an empty one for the end.
  if (!datagram.empty()) queues_.in.emplace_back(datagram.begin(), datagram.end());
  advance();
}

void DtlsHandshake::look_at_timer() {
  if (stage_ != Stage::going) return;
  ERR_clear_error();
  (void)DTLSv1_handle_timeout(ssl_.get());
  advance();
}

std::vector<control::Datagram> DtlsHandshake::take_datagrams() {
  return std::exchange(queues_.out, {});
}

control::DtlsKeys DtlsHandshake::keys() const {
  const crypto::Suite* suite = crypto::find_suite(
      crypto::Version::dtls12, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  if (suite == nullptr) return {};
  return control::export_dtls_keys(ssl_.get(), control::TlsRole::client, *suite, encrypt_then_mac_);
}

}  // namespace culvert::crowd
