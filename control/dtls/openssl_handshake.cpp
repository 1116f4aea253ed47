// What is peculiar about OpenSSL's DTLS server is said where it is met.
#include "control/dtls/openssl_handshake.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/server_hello.hpp"

namespace culvert::control {
namespace {

constexpr unsigned char kIdContext[] = "culvert-dtls";

int handshake_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

OpensslHandshake* handshake_of(const SSL* ssl) noexcept {
  return static_cast<OpensslHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
}

}  // namespace

DtlsContext::DtlsContext() : context_(SSL_CTX_new(DTLS_server_method())) {
  if (!context_) {
    throw std::runtime_error("OpenSSL could not start DTLS: check that libssl 3 is whole");
  }
  SSL_CTX* c = context_.get();
  SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION);
  // Without NO_EXTENDED_MASTER_SECRET a client that offers that extension would not be resumed: the
  // session that never was has no such flag (RFC 7627 §5.3).
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                             SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_COMPRESSION |
                             SSL_OP_NO_QUERY_MTU | SSL_OP_CIPHER_SERVER_PREFERENCE |
                             SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_session_id_context(c, kIdContext, sizeof kIdContext - 1);
  SSL_CTX_sess_set_get_cb(c, OpensslHandshake::on_session);
  SSL_CTX_set_psk_server_callback(c, OpensslHandshake::on_psk);
  SSL_CTX_set_msg_callback(c, OpensslHandshake::on_message);
  // DTLSv1_listen() wants both; our cookies are made and verified before OpenSSL sees a datagram.
  SSL_CTX_set_cookie_generate_cb(c, [](SSL*, unsigned char*, unsigned*) { return 0; });
  SSL_CTX_set_cookie_verify_cb(c, [](SSL*, const unsigned char*, unsigned) { return 1; });
}

OpensslHandshake::OpensslHandshake(const DtlsContext& context, Parameters parameters)
    : parameters_(std::move(parameters)), ssl_(SSL_new(context.get())) {
  queues_.mtu = parameters_.datagram_mtu;
  BIO* bio = new_datagram_bio(queues_);
  const std::string suite(parameters_.suite->name);
  if (!ssl_ || bio == nullptr || SSL_set_ex_data(ssl_.get(), handshake_index(), this) != 1 ||
      SSL_set_cipher_list(ssl_.get(), suite.c_str()) != 1) {
    BIO_free(bio);
    ERR_clear_error();
    throw std::runtime_error("OpenSSL has no memory for a DTLS handshake, or no suite " + suite);
  }
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mtu(ssl_.get(), parameters_.datagram_mtu);
  SSL_set_accept_state(ssl_.get());
}

OpensslHandshake::~OpensslHandshake() = default;

// Any identity will do: the session id has already said who it is.
unsigned OpensslHandshake::on_psk(SSL* ssl, const char*, unsigned char* psk, unsigned room) {
  const OpensslHandshake* self = handshake_of(ssl);
  if (self == nullptr || self->parameters_.form != DtlsForm::psk) return 0;
  const auto secret = self->parameters_.secret.view();
  if (secret.size() > room) return 0;
  std::memcpy(psk, secret.data(), secret.size());
  return static_cast<unsigned>(secret.size());
}

// The session that the client says it resumes.
SSL_SESSION* OpensslHandshake::on_session(SSL* ssl, const unsigned char* id, int size, int* copy) {
  *copy = 0;
  const OpensslHandshake* self = handshake_of(ssl);
  if (self == nullptr || self->parameters_.form != DtlsForm::resumption || size < 0) return nullptr;
  const Parameters& p = self->parameters_;
  if (!crypto::constant_time_equal({id, static_cast<size_t>(size)}, p.id)) return nullptr;
  // By the wire number, since OpenSSL has no public way from a name to a cipher.
  const unsigned char number[] = {static_cast<unsigned char>(p.suite->id >> 8),
                                  static_cast<unsigned char>(p.suite->id)};
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, number);
  SSL_SESSION* session = SSL_SESSION_new();
  const auto secret = p.secret.view();
  if (session == nullptr || cipher == nullptr ||
      SSL_SESSION_set_protocol_version(session, DTLS1_2_VERSION) != 1 ||
      SSL_SESSION_set_cipher(session, cipher) != 1 ||
      SSL_SESSION_set1_master_key(session, secret.data(), secret.size()) != 1 ||
      SSL_SESSION_set1_id(session, p.id.data(), static_cast<unsigned>(p.id.size())) != 1 ||
      SSL_SESSION_set1_id_context(session, kIdContext, sizeof kIdContext - 1) != 1) {
    SSL_SESSION_free(session);
    return nullptr;
  }
  return session;  // SSL_SESSION_new() set time and timeout
}

// A handshake message of ours, with the header of one that is in one piece.
void OpensslHandshake::on_message(int sent, int, int type, const void* data, size_t size, SSL* ssl,
                                  void*) {
  OpensslHandshake* self = handshake_of(ssl);
  const auto* message = static_cast<const uint8_t*>(data);
  if (self == nullptr || sent == 0 || type != SSL3_RT_HANDSHAKE || size == 0 ||
      message[0] != kServerHelloType) {
    return;
  }
  self->encrypt_then_mac_ = agrees_to_encrypt_then_mac({message, size}, kDtlsHandshakeHeaderSize);
}

OpensslHandshake::Step OpensslHandshake::fail(std::string_view what) {
  error_ = what;
  return Step::failed;
}

OpensslHandshake::Step OpensslHandshake::advance(std::vector<Datagram> datagrams) {
  ERR_clear_error();
  for (Datagram& datagram : datagrams) {
    // OpenSSL would take an empty one for the end.
    if (!datagram.empty()) queues_.in.push_back(std::move(datagram));
  }
  // -1: it has sent the flight too often, or cannot send it.
  if (DTLSv1_handle_timeout(ssl_.get()) < 0) return fail("the client does not answer");
  if (parameters_.after_cookie) {
    // Only this tells OpenSSL that message 0 is past.
    const std::unique_ptr<BIO_ADDR, decltype(&BIO_ADDR_free)> peer(BIO_ADDR_new(), BIO_ADDR_free);
    if (!peer || DTLSv1_listen(ssl_.get(), peer.get()) != 1) return fail("the ClientHello is bad");
    parameters_.after_cookie = false;
  }
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Step::more;
    return fail(openssl_reason());
  }
  if (SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())) != parameters_.suite->id) {
    return fail("another suite was negotiated than was announced");
  }
  done_ = true;
  return Step::done;
}

std::vector<Datagram> OpensslHandshake::take_output() {
  return std::exchange(queues_.out, {});
}

std::optional<uint64_t> OpensslHandshake::timer_us() const noexcept {
  timeval left{};
  if (done_ || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return std::nullopt;
  return static_cast<uint64_t>(left.tv_sec) * 1'000'000 + static_cast<uint64_t>(left.tv_usec);
}

DtlsKeys OpensslHandshake::keys() const {
  if (!done_) throw std::runtime_error("keys exist only after the handshake");
  return export_dtls_keys(ssl_.get(), TlsRole::server, *parameters_.suite, encrypt_then_mac_);
}

}  // namespace culvert::control
