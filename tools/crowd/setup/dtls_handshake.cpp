#include "tools/crowd/setup/dtls_handshake.hpp"

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/server_hello.hpp"
#include "crypto/kdf.hpp"
#include "crypto/record/format.hpp"
#include "tools/crowd/setup/client_context.hpp"

namespace culvert::crowd {

namespace {

constexpr uint16_t kEpoch = 1;  // after the first and only ChangeCipherSpec
// OpenSSL may send its last flight again, each time with new record numbers; ours begin beyond them.
constexpr uint64_t kFirstRecord = 0x100;
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
  const std::string list = offer_.pre_shared ? dtls_cipher_list(true) : offer_.suite;
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
  prepare_session();
  advance();
}

DtlsHandshake::~DtlsHandshake() = default;

// In either form the id travels as the session id of the ClientHello.
void DtlsHandshake::prepare_session() {
  struct FreeSession {
    void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
  };
  const std::unique_ptr<SSL_SESSION, FreeSession> session(SSL_SESSION_new());
  constexpr std::array<uint8_t, crypto::kMasterSecretSize> kOfNoConsequence{};
  const std::span<const uint8_t> master =
      offer_.pre_shared ? std::span<const uint8_t>(kOfNoConsequence) : offer_.secret.view();
  const SSL_CIPHER* suite = sk_SSL_CIPHER_value(SSL_get_ciphers(ssl_.get()), 0);
  const bool good = session && suite != nullptr &&
                    SSL_SESSION_set_protocol_version(session.get(), DTLS1_2_VERSION) == 1 &&
                    SSL_SESSION_set_cipher(session.get(), suite) == 1 &&
                    SSL_SESSION_set1_master_key(session.get(), master.data(), master.size()) == 1 &&
                    SSL_SESSION_set1_id(session.get(), offer_.id.data(),
                                        static_cast<unsigned>(offer_.id.size())) == 1 &&
                    SSL_set_session(ssl_.get(), session.get()) == 1;
  if (!good) {
    stage_ = Stage::failed;
    reason_ = control::openssl_reason();
  }
}

unsigned DtlsHandshake::on_psk(SSL* ssl, const char*, char* identity, unsigned room,
                               unsigned char* key, unsigned key_room) {
  const DtlsHandshake* self = handshake_of(ssl);
  constexpr std::string_view kIdentity = "psk";
  if (self == nullptr || !self->offer_.pre_shared) return 0;
  const auto secret = self->offer_.secret.view();
  if (secret.size() > key_room || room <= kIdentity.size()) return 0;
  std::memcpy(identity, kIdentity.data(), kIdentity.size());
  identity[kIdentity.size()] = 0;
  std::memcpy(key, secret.data(), secret.size());
  return static_cast<unsigned>(secret.size());
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

DtlsKeys DtlsHandshake::keys() const {
  DtlsKeys out;
  const crypto::Suite* suite = crypto::find_suite(
      crypto::Version::dtls12, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  if (suite == nullptr) return out;
  crypto::Secret<crypto::kMasterSecretSize> master;
  const auto room = master.reserve(crypto::kMasterSecretSize);
  if (SSL_SESSION_get_master_key(SSL_get_session(ssl_.get()), room.data(), room.size()) !=
      room.size()) {
    throw std::runtime_error("OpenSSL does not give out the master secret");
  }
  std::array<uint8_t, crypto::kRandomSize> client{}, server{};
  SSL_get_client_random(ssl_.get(), client.data(), client.size());
  SSL_get_server_random(ssl_.get(), server.data(), server.size());
  const crypto::TrafficKeys keys = crypto::tls12_keys(*suite, master.view(), client, server);
  out.transmit = keys.client;
  out.receive = keys.server;
  out.transmit.sequence = crypto::record::dtls_sequence(kEpoch, kFirstRecord);
  out.receive.sequence = crypto::record::dtls_sequence(kEpoch, 0);
  out.transmit.encrypt_then_mac = out.receive.encrypt_then_mac =
      encrypt_then_mac_ && crypto::is_cbc(suite->cipher);
  return out;
}

}  // namespace culvert::crowd
