#include "tools/culvert-client/dtls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <openssl/bio.h>

#include "control/tls/openssl_reason.hpp"
#include "tools/culvert-client/dtls_session.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

// Of a path of 1500 bytes, less IP and UDP; handshake messages are far smaller.
constexpr long kDatagram = 1500 - 28;

// The kernel's words for a datagram that did not leave, or for an ICMP error about one before.
bool is_loss(int error) noexcept {
  return error == EAGAIN || error == EPERM || error == ENOBUFS || error == ECONNREFUSED ||
         error == EHOSTUNREACH || error == ENETUNREACH || error == EMSGSIZE;
}

}  // namespace

DtlsTunnel::DtlsTunnel(const DtlsOffer& offer, int tcp, const sockaddr_storage& peer)
    : socket_(connect_udp(tcp, peer, offer.port)), context_(SSL_CTX_new(DTLS_client_method())) {
  if (!context_) throw Failure("OpenSSL has no DTLS: " + control::openssl_reason("no memory"));
  SSL_CTX* c = context_.get();
  allow_borrowed_sessions(c);
  SSL_CTX_set_options(c, SSL_OP_NO_ENCRYPT_THEN_MAC);
  if (SSL_CTX_set_cipher_list(c, offer.suite.c_str()) != 1) {
    throw Failure("OpenSSL has no DTLS cipher " + offer.suite);
  }
  if (offer.pre_shared) {
    psk_ = offer.secret;
    SSL_CTX_set_psk_client_callback(c, on_psk);
  }
  ssl_.reset(SSL_new(c));
  BIO* bio = BIO_new_dgram(socket_.get(), BIO_NOCLOSE);
  if (!ssl_ || bio == nullptr)
    throw Failure("OpenSSL has no DTLS: " + control::openssl_reason("no memory"));
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  (void)getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&local), &size);
  BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &local);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mtu(ssl_.get(), kDatagram);
  SSL_set_app_data(ssl_.get(), this);
  if (!claim_session(ssl_.get(), offer.id,
                     offer.pre_shared ? std::vector<uint8_t>() : offer.secret)) {
    throw Failure("OpenSSL does not resume: " + control::openssl_reason("no memory"));
  }
  SSL_set_connect_state(ssl_.get());
  advance();
}

unsigned DtlsTunnel::on_psk(SSL* ssl, const char*, char* identity, unsigned room,
                            unsigned char* key, unsigned key_room) {
  const auto* self = static_cast<const DtlsTunnel*>(SSL_get_app_data(ssl));
  return give_psk(self->psk_, {identity, room}, {key, key_room});
}

void DtlsTunnel::judge(int result) {
  const int system = errno;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  if (error == SSL_ERROR_SYSCALL && is_loss(system)) {
    ERR_clear_error();
    return;
  }
  state_ = State::failed;
  problem_ = error == SSL_ERROR_ZERO_RETURN ? "the headend closed it"
             : error == SSL_ERROR_SYSCALL   ? std::generic_category().message(system)
                                            : control::openssl_reason("a DTLS error");
}

DtlsTunnel::State DtlsTunnel::advance() {
  if (state_ != State::shaking_hands) return state_;
  ERR_clear_error();
  (void)DTLSv1_handle_timeout(ssl_.get());
  ERR_clear_error();
  errno = 0;
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    state_ = State::up;
  } else {
    judge(done);
  }
  return state_;
}

std::optional<Clock::time_point> DtlsTunnel::timeout() const {
  timeval left{};
  if (state_ != State::shaking_hands || DTLSv1_get_timeout(ssl_.get(), &left) != 1) {
    return std::nullopt;
  }
  return Clock::now() + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

size_t DtlsTunnel::read(std::span<uint8_t> room) {
  if (state_ != State::up) return 0;
  ERR_clear_error();
  errno = 0;
  const int n = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
  if (n > 0) return static_cast<size_t>(n);
  judge(n);
  return 0;
}

void DtlsTunnel::write(std::span<const uint8_t> plaintext) {
  if (state_ != State::up) return;
  ERR_clear_error();
  errno = 0;
  const int n = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
  if (n <= 0) judge(n);
}

void DtlsTunnel::close() noexcept {
  if (state_ == State::up) (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
  state_ = State::failed;
}

void DtlsTunnel::end(std::string_view why) {
  close();
  problem_ = why;
}

}  // namespace culvert::client
