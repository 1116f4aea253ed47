// OpenSSL over memory BIOs (RFC 8446, RFC 5246), with the bookkeeping that a hand-over needs.
#include "control/tls/connection.hpp"

#include <array>
#include <optional>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/tls1.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/server_context.hpp"
#include "control/tls/server_hello.hpp"
#include "crypto/bytes.hpp"
#include "crypto/record/format.hpp"
#include "crypto/record/key_update.hpp"

namespace culvert::control {
namespace {

using crypto::record::ContentType;

int connection_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsConnection* connection_of(const SSL* ssl) noexcept {
  return static_cast<TlsConnection*>(SSL_get_ex_data(ssl, connection_index()));
}

std::optional<uint8_t> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

void take_hex(std::string_view text, crypto::Secret<48>& secret) noexcept {
  const std::span<uint8_t> bytes = secret.reserve(text.size() / 2);
  for (size_t i = 0; i < bytes.size(); i++) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    bytes[i] = high && low ? static_cast<uint8_t>(*high << 4 | *low) : uint8_t{0};
  }
}

}  // namespace

void TlsConnection::watch(SSL_CTX* context) noexcept {
  SSL_CTX_set_keylog_callback(context, on_secret);
  SSL_CTX_set_msg_callback(context, on_message);
}

TlsConnection::TlsConnection(const ServerContext& context)
    : TlsConnection(context.get(), TlsRole::server) {}

TlsConnection::TlsConnection(SSL_CTX* context, TlsRole role) : ssl_(SSL_new(context)), role_(role) {
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!ssl_ || in == nullptr || out == nullptr ||
      SSL_set_ex_data(ssl_.get(), connection_index(), this) != 1) {
    BIO_free(in);
    BIO_free(out);
    throw std::runtime_error("OpenSSL has no memory for another connection: allow fewer sessions");
  }
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_.get(), in, out);
  role == TlsRole::server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
}

TlsConnection::~TlsConnection() = default;

// The key log is OpenSSL's only public way to the TLS 1.3 secrets. A line is
// "LABEL client-random secret". It comes at the moment when OpenSSL begins to use the secret, so
// this is also where the count of records starts again.
void TlsConnection::on_secret(const SSL* ssl, const char* line) {
  TlsConnection* self = connection_of(ssl);
  const std::string_view text(line);
  const size_t label_end = text.find(' ');
  const size_t secret_at = text.rfind(' ');
  if (self == nullptr || label_end == text.npos || secret_at == label_end) return;
  const std::string_view label = text.substr(0, label_end);
  const std::string_view secret = text.substr(secret_at + 1);
  const bool is_server = self->role_ == TlsRole::server;
  if (label == "CLIENT_TRAFFIC_SECRET_0") {
    take_hex(secret, self->client_secret_);
    (is_server ? self->records_in_ : self->records_out_) = 0;
  } else if (label == "SERVER_TRAFFIC_SECRET_0") {
    take_hex(secret, self->server_secret_);
    (is_server ? self->records_out_ : self->records_in_) = 0;
  }
}

// Sees the header of each record, and each handshake message. In TLS 1.2 the record behind
// ChangeCipherSpec has sequence number 0 (RFC 5246 §6.1); the meaningless one of TLS 1.3 (RFC 8446
// §D.4) comes before the secrets.
void TlsConnection::on_message(int sent, int, int type, const void* data, size_t size, SSL* ssl,
                               void*) {
  TlsConnection* self = connection_of(ssl);
  if (self == nullptr || size == 0) return;
  const uint8_t first = *static_cast<const uint8_t*>(data);
  if (type == SSL3_RT_HEADER) {
    uint64_t& count = sent != 0 ? self->records_out_ : self->records_in_;
    count = first == static_cast<uint8_t>(ContentType::change_cipher_spec) ? 0 : count + 1;
  } else if (type == SSL3_RT_HANDSHAKE && self->established_ &&
             first == crypto::record::kKeyUpdateType) {
    self->changed_keys_ = true;
  } else if (type == SSL3_RT_HANDSHAKE && first == kServerHelloType &&
             (sent != 0) == (self->role_ == TlsRole::server)) {
    self->encrypt_then_mac_ =
        agrees_to_encrypt_then_mac({static_cast<const uint8_t*>(data), size}, kHandshakeHeaderSize);
  }
}

bool TlsConnection::feed(std::span<const uint8_t> record) {
  if (record.empty()) return true;
  fed_ += record.size();
  return BIO_write(SSL_get_rbio(ssl_.get()), record.data(), static_cast<int>(record.size())) ==
         static_cast<int>(record.size());
}

TlsStep TlsConnection::fail(std::string_view what) {
  error_ = what;
  return TlsStep::failed;
}

TlsStep TlsConnection::handshake(std::span<const uint8_t> record) {
  ERR_clear_error();
  if (!feed(record)) return fail("out of memory");
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return TlsStep::more;
    if (error == SSL_ERROR_ZERO_RETURN) return TlsStep::closed;
    return fail(openssl_reason());
  }
  const bool tls13 = SSL_version(ssl_.get()) == TLS1_3_VERSION;
  suite_ = crypto::find_suite(tls13 ? crypto::Version::tls13 : crypto::Version::tls12,
                              SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  if (suite_ == nullptr) return fail("a cipher was negotiated that workers do not carry");
  established_ = true;
  return TlsStep::done;
}

TlsStep TlsConnection::read(std::span<const uint8_t> record, std::string& plaintext) {
  ERR_clear_error();
  if (!feed(record)) return fail("out of memory");
  std::array<char, crypto::record::kMaxPlaintext> buffer;
  TlsStep step = TlsStep::more;
  for (;;) {
    const int n = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (n > 0) {
      plaintext.append(buffer.data(), static_cast<size_t>(n));
      crypto::wipe({reinterpret_cast<uint8_t*>(buffer.data()), static_cast<size_t>(n)});
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), n);
    if (error == SSL_ERROR_ZERO_RETURN) {
      step = TlsStep::closed;
    } else if (error != SSL_ERROR_WANT_READ) {
      step = fail(openssl_reason());
    }
    break;
  }
  if (changed_keys_) return fail("the other side changed keys before the tunnel began");
  return step;
}

bool TlsConnection::write(std::string_view plaintext) {
  ERR_clear_error();
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1 &&
      written == plaintext.size()) {
    return true;
  }
  error_ = openssl_reason();
  return false;
}

void TlsConnection::shutdown() noexcept {
  ERR_clear_error();
  if (established_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::vector<uint8_t> TlsConnection::take_output() {
  BIO* out = SSL_get_wbio(ssl_.get());
  std::vector<uint8_t> bytes(BIO_ctrl_pending(out));
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  note_nonces(bytes);
  return bytes;
}

// OpenSSL writes whole records only. Its nonces count up from a random start, which nobody but the
// record itself tells.
void TlsConnection::note_nonces(std::span<const uint8_t> output) noexcept {
  using crypto::record::kExplicitNonceSize;
  using crypto::record::kHeaderSize;
  while (output.size() >= kHeaderSize) {
    const size_t length = load_be<uint16_t>(output.data() + 3);
    if (output.size() < kHeaderSize + length) return;
    if (output[0] == static_cast<uint8_t>(ContentType::change_cipher_spec)) {
      sealing12_ = true;
    } else if (sealing12_ && length >= kExplicitNonceSize) {
      last_explicit_nonce_ = load_be<uint64_t>(output.data() + kHeaderSize);
    }
    output = output.subspan(kHeaderSize + length);
  }
}

std::string_view TlsConnection::version_name() const noexcept {
  return established_ ? std::string_view(SSL_get_version(ssl_.get())) : std::string_view("TLS");
}

std::string TlsConnection::own_certificate_sha1() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const X509* certificate = SSL_get_certificate(ssl_.get());
  if (certificate == nullptr || X509_digest(certificate, EVP_sha1(), digest.data(), &size) != 1)
    return {};
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; i++) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

size_t TlsConnection::leftover() const noexcept {
  return BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) + static_cast<size_t>(SSL_pending(ssl_.get())) +
         static_cast<size_t>(SSL_has_pending(ssl_.get()));
}

bool TlsConnection::export_secret(std::string_view label,
                                  std::span<uint8_t> secret) const noexcept {
  return established_ && SSL_export_keying_material(ssl_.get(), secret.data(), secret.size(),
                                                    label.data(), label.size(), nullptr, 0, 0) == 1;
}

unsigned TlsConnection::max_plaintext() const noexcept {
  const SSL_SESSION* session = SSL_get_session(ssl_.get());
  const unsigned code = session == nullptr ? 0u : SSL_SESSION_get_max_fragment_length(session);
  return code >= 1 && code <= 4 ? 256u << code : crypto::record::kMaxPlaintext;
}

}  // namespace culvert::control
