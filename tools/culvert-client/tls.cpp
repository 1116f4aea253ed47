#include "tools/culvert-client/tls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/owned.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

constexpr size_t kExportedBytes = 32;

bool is_address(const std::string& host) noexcept {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

control::Owned<SSL_CTX> make_context(const Options& options) {
  control::Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (!context) throw Failure("OpenSSL could not start: " + control::openssl_reason("no memory"));
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, options.tls_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(c, options.tls_version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(c, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (!options.tls_ciphers.empty() &&
      SSL_CTX_set_cipher_list(c, options.tls_ciphers.c_str()) != 1) {
    throw Failure("OpenSSL has none of the ciphers " + options.tls_ciphers,
                  ExitStatus::command_line);
  }
  if (options.pins.empty()) SSL_CTX_set_default_verify_paths(c);
  return context;
}

// RFC 7469 §2.4: base64 of SHA-256 over the DER form of the SubjectPublicKeyInfo.
std::string pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(der, static_cast<size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  std::array<unsigned char, 4 * (EVP_MAX_MD_SIZE / 3 + 1) + 1> text{};
  const int written = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(length));
  return "pin-sha256:" +
         std::string(reinterpret_cast<const char*>(text.data()), static_cast<size_t>(written));
}

}  // namespace

TlsStream::TlsStream(const Gateway& gateway, const Options& options, Signals& signals)
    : context_(make_context(options)) {
  const auto deadline = Clock::now() + options.patience;
  socket_ = connect_tcp(gateway, signals, deadline, way_);
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.get()) != 1) {
    throw Failure("OpenSSL could not start: " + control::openssl_reason("no memory"));
  }
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
  if (is_address(gateway.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, gateway.host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), gateway.host.c_str());
    X509_VERIFY_PARAM_set1_host(wanted, gateway.host.c_str(), 0);
  }
  SSL_set_connect_state(ssl_.get());
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) break;
    const int error = SSL_get_error(ssl_.get(), done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      throw Failure("the TLS handshake failed: " +
                    control::openssl_reason("the headend closed the connection"));
    }
    wait_for(signals, fd(), error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline,
             "the TLS handshake's next message");
  }
  verify(options);
}

void TlsStream::verify(const Options& options) const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) throw Failure("the headend has no certificate");
  const std::string pin = pin_of(certificate);
  if (!options.pins.empty()) {
    if (std::find(options.pins.begin(), options.pins.end(), pin) != options.pins.end()) return;
    throw Failure("the headend's certificate is another one: its pin is " + pin);
  }
  const long result = SSL_get_verify_result(ssl_.get());
  if (result == X509_V_OK) return;
  throw Failure(
      fmt::format("the headend's certificate is not trusted ({}); if it is the right one, "
                  "say --servercert {}",
                  X509_verify_cert_error_string(result), pin));
}

size_t TlsStream::read(std::span<uint8_t> room) {
  ERR_clear_error();
  const int n = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
  if (n > 0) return static_cast<size_t>(n);
  switch (SSL_get_error(ssl_.get(), n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    case SSL_ERROR_ZERO_RETURN: throw Failure("the headend closed the connection");
    case SSL_ERROR_SYSCALL:
      throw Failure("the connection is lost: " +
                    (errno == 0 ? "end of the stream" : std::generic_category().message(errno)));
    default: throw Failure("the connection is lost: " + control::openssl_reason("a TLS error"));
  }
}

bool TlsStream::write(std::span<const uint8_t> bytes) {
  ERR_clear_error();
  const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (n > 0) return true;
  const int error = SSL_get_error(ssl_.get(), n);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
  throw Failure("the connection is lost: " + control::openssl_reason("the headend closed it"));
}

void TlsStream::write_all(std::string_view bytes, Signals& signals, Clock::time_point deadline) {
  while (!write({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})) {
    wait_for(signals, fd(), POLLOUT, deadline, "room for a request");
  }
}

size_t TlsStream::read_some(std::span<uint8_t> room, Signals& signals, Clock::time_point deadline,
                            std::string_view what) {
  while (true) {
    if (const size_t n = read(room); n != 0) return n;
    wait_for(signals, fd(), POLLIN, deadline, what);
  }
}

std::vector<uint8_t> TlsStream::export_secret(std::string_view label) const {
  std::vector<uint8_t> out(kExportedBytes);
  if (SSL_export_keying_material(ssl_.get(), out.data(), out.size(), label.data(), label.size(),
                                 nullptr, 0, 0) != 1) {
    throw Failure("OpenSSL exports no key for DTLS: " + control::openssl_reason("unknown"));
  }
  return out;
}

}  // namespace culvert::client
