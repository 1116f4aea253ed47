#include "tools/crowd/setup/tls_side.hpp"

#include <array>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/server_hello.hpp"
#include "crypto/bytes.hpp"
#include "crypto/kdf.hpp"
#include "crypto/record/format.hpp"
#include "crypto/record/key_update.hpp"
#include "tools/crowd/setup/client_context.hpp"

namespace culvert::crowd {

namespace {

using crypto::record::ContentType;

int side_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
TlsSide* side_of(const SSL* ssl) noexcept {
  return static_cast<TlsSide*>(SSL_get_ex_data(ssl, side_index()));
}

uint8_t hex_digit(char c) noexcept {
  return static_cast<uint8_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}
void take_hex(std::string_view text, crypto::Secret<48>& secret) noexcept {
  const std::span<uint8_t> bytes = secret.reserve(text.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
}

}  // namespace

void TlsSide::watch(SSL_CTX* context) noexcept {
  SSL_CTX_set_keylog_callback(context, on_secret);
  SSL_CTX_set_msg_callback(context, on_message);
}

TlsSide::TlsSide(const ClientContext& context) : ssl_(SSL_new(context.tls())) {
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!ssl_ || in == nullptr || out == nullptr ||
      SSL_set_ex_data(ssl_.get(), side_index(), this) != 1) {
    BIO_free(in);
    BIO_free(out);
    throw std::runtime_error("OpenSSL has no memory for another connection: take fewer members");
  }
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_.get(), in, out);
  SSL_set_connect_state(ssl_.get());
  const CrowdConfig& config = context.config();
  if (!config.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl_.get(), config.server_name.c_str());
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl_.get()), config.server_name.c_str(), 0);
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), config.headend.to_string().c_str());
  }
  (void)shake_hands();
}

TlsSide::~TlsSide() = default;

// The key log is OpenSSL's only public way to the TLS 1.3 secrets. A line, "LABEL client-random secret", comes when
// OpenSSL begins to use the secret, so records are counted anew from there.
void TlsSide::on_secret(const SSL* ssl, const char* line) {
  TlsSide* self = side_of(ssl);
  const std::string_view text(line);
  const size_t label_end = text.find(' ');
  const size_t secret_at = text.rfind(' ');
  if (self == nullptr || label_end == text.npos || secret_at == label_end) return;
  const std::string_view label = text.substr(0, label_end);
  const std::string_view secret = text.substr(secret_at + 1);
  if (label == "CLIENT_TRAFFIC_SECRET_0") {
    take_hex(secret, self->client_secret_);
    self->records_out_ = 0;
  } else if (label == "SERVER_TRAFFIC_SECRET_0") {
    take_hex(secret, self->server_secret_);
    self->records_in_ = 0;
  }
}

void TlsSide::on_message(int sent, int, int type, const void* data, size_t size, SSL* ssl, void*) {
  TlsSide* self = side_of(ssl);
  if (self == nullptr || size == 0) return;
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (type == SSL3_RT_HEADER) {
    // In TLS 1.2 the record behind ChangeCipherSpec is number 0 (RFC 5246 §6.1).
    uint64_t& count = sent != 0 ? self->records_out_ : self->records_in_;
    count = bytes[0] == static_cast<uint8_t>(ContentType::change_cipher_spec) ? 0 : count + 1;
  } else if (type == SSL3_RT_HANDSHAKE && self->established_ &&
             bytes[0] == crypto::record::kKeyUpdateType) {
    self->changed_keys_ = true;
  } else if (type == SSL3_RT_HANDSHAKE && sent == 0 && bytes[0] == control::kServerHelloType) {
    self->encrypt_then_mac_ =
        control::agrees_to_encrypt_then_mac({bytes, size}, control::kHandshakeHeaderSize);
  }
}

bool TlsSide::fail() {
  const long verdict = SSL_get_verify_result(ssl_.get());
  reason_ = control::openssl_reason();
  if (verdict != X509_V_OK && !established_) reason_ = X509_verify_cert_error_string(verdict);
  take_output();  // an alert, perhaps
  return false;
}

bool TlsSide::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) return fail();
    take_output();
    return true;
  }
  established_ = true;
  const bool tls13 = SSL_version(ssl_.get()) == TLS1_3_VERSION;
  suite_ = crypto::find_suite(tls13 ? crypto::Version::tls13 : crypto::Version::tls12,
                              SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  take_output();
  return true;
}

bool TlsSide::receive(std::span<const uint8_t> record, control::http::WipingString& plaintext) {
  ERR_clear_error();
  const int size = static_cast<int>(record.size());
  if (BIO_write(SSL_get_rbio(ssl_.get()), record.data(), size) != size) return fail();
  if (!established_) return shake_hands();
  std::array<uint8_t, 4096> room;
  int n = 0;
  while ((n = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()))) > 0)
    plaintext.append(reinterpret_cast<const char*>(room.data()), static_cast<size_t>(n));
  const int error = SSL_get_error(ssl_.get(), n);
  crypto::wipe(room);  // it may have held a cookie
  if (error == SSL_ERROR_ZERO_RETURN) {
    closed_ = true;
  } else if (error != SSL_ERROR_WANT_READ) {
    return fail();
  }
  take_output();
  if (changed_keys_) {
    reason_ = "the headend changed keys before the tunnel began";
    return false;
  }
  return true;
}

bool TlsSide::write(std::string_view plaintext) {
  ERR_clear_error();
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) return fail();
  take_output();
  return written == plaintext.size();
}

void TlsSide::take_output() {
  BIO* out = SSL_get_wbio(ssl_.get());
  const size_t before = output_.size();
  output_.resize(before + BIO_ctrl_pending(out));
  if (output_.size() == before) return;
  BIO_read(out, output_.data() + before, static_cast<int>(output_.size() - before));
  note_nonces({output_.data() + before, output_.size() - before});
}

// OpenSSL's nonces count up from a random start, which nobody but the record itself tells (RFC 5288 §3).
void TlsSide::note_nonces(std::span<const uint8_t> records) noexcept {
  using crypto::record::kExplicitNonceSize;
  using crypto::record::kHeaderSize;
  while (records.size() >= kHeaderSize) {
    const size_t length = load_be<uint16_t>(records.data() + 3);
    if (records.size() < kHeaderSize + length) return;
    if (records[0] == static_cast<uint8_t>(ContentType::change_cipher_spec)) {
      sealing12_ = true;
    } else if (sealing12_ && length >= kExplicitNonceSize) {
      last_explicit_nonce_ = load_be<uint64_t>(records.data() + kHeaderSize);
    }
    records = records.subspan(kHeaderSize + length);
  }
}

std::span<const uint8_t> TlsSide::output() {
  return output_;
}

bool TlsSide::export_secret(std::string_view label, std::span<uint8_t> secret) const noexcept {
  return established_ && SSL_export_keying_material(ssl_.get(), secret.data(), secret.size(),
                                                    label.data(), label.size(), nullptr, 0, 0) == 1;
}

TunnelKeys TlsSide::keys() const {
  TunnelKeys out;
  if (suite_ == nullptr) return out;
  if (BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) != 0 || SSL_has_pending(ssl_.get()) != 0)
    throw std::runtime_error("OpenSSL still holds bytes that belong to the tunnel");
  if (suite_->version == crypto::Version::tls13) {
    out.transmit = crypto::tls13_keys(*suite_, client_secret_.view());
    out.receive = crypto::tls13_keys(*suite_, server_secret_.view());
    out.transmit_secret = client_secret_;
    out.receive_secret = server_secret_;
  } else {
    crypto::Secret<crypto::kMasterSecretSize> master;
    const std::span<uint8_t> room = master.reserve(crypto::kMasterSecretSize);
    std::array<uint8_t, crypto::kRandomSize> client{}, server{};
    SSL_get_client_random(ssl_.get(), client.data(), client.size());
    SSL_get_server_random(ssl_.get(), server.data(), server.size());
    if (SSL_SESSION_get_master_key(SSL_get_session(ssl_.get()), room.data(), room.size()) !=
        room.size()) {
      throw std::runtime_error("OpenSSL does not give out the master secret");
    }
    const crypto::TrafficKeys keys = crypto::tls12_keys(*suite_, master.view(), client, server);
    out.transmit = keys.client;
    out.receive = keys.server;
    // Never the same nonce twice under one key.
    out.transmit.explicit_nonce = last_explicit_nonce_ + 1;
  }
  out.transmit.sequence = records_out_;
  out.receive.sequence = records_in_;
  out.transmit.encrypt_then_mac = out.receive.encrypt_then_mac =
      encrypt_then_mac_ && crypto::is_cbc(suite_->cipher);
  return out;
}

}  // namespace culvert::crowd
