// One TLS connection over memory BIOs, fed one whole record at a time. The headend is the server; the tools
// that try it are clients.
//
// It counts the records that passed under the keys of the tunnel in each direction, so that a
// worker can continue exactly where OpenSSL stopped (key_export.hpp). One thread at a time may use
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "control/tls/owned.hpp"
#include "crypto/secret.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {

class ServerContext;

enum class TlsRole : uint8_t { server, client };

enum class TlsStep : uint8_t {
  more,    // wants the next record
  done,    // handshake() only: the handshake is complete
  closed,  // the other side sent close_notify
  failed,  // error() says why; output() may hold an alert for the other side
};

class TlsConnection {
 public:
  // Throws std::runtime_error when OpenSSL has no memory.
  explicit TlsConnection(const ServerContext& context);
  // `context` has been given to watch(). A client begins with an empty record.
  TlsConnection(SSL_CTX* context, TlsRole role);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // Feeds one record to the handshake. Signs and computes: not for the event loop.
  [[nodiscard]] TlsStep handshake(std::span<const uint8_t> record);
  // After the handshake: appends what the record holds to `plaintext`.
  [[nodiscard]] TlsStep read(std::span<const uint8_t> record, std::string& plaintext);
  // Seals `plaintext` into output(). False on failure.
  [[nodiscard]] bool write(std::string_view plaintext);
  // Queues a close_notify.
  void shutdown() noexcept;
  // Takes the records that are to go to the other side.
  [[nodiscard]] std::vector<uint8_t> take_output();

  [[nodiscard]] bool established() const noexcept { return established_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  // nullptr before the handshake is done.
  [[nodiscard]] const crypto::Suite* suite() const noexcept { return suite_; }
  [[nodiscard]] std::string_view version_name() const noexcept;
  // Of the certificate that this side showed: upper-case hexadecimal, as AnyConnect compares it.
  [[nodiscard]] std::string own_certificate_sha1() const;
  // Bytes that OpenSSL holds and nobody has read: must be 0 when the tunnel begins.
  [[nodiscard]] size_t leftover() const noexcept;
  // Fills `secret` from the connection's exporter (RFC 5705, RFC 8446 §7.5), without a context.
  [[nodiscard]] bool export_secret(std::string_view label,
                                   std::span<uint8_t> secret) const noexcept;
  // Bytes of the other side's stream that OpenSSL has taken in.
  [[nodiscard]] uint64_t bytes_read() const noexcept { return fed_ - leftover(); }
  // Largest plaintext of a record (RFC 6066 §4), 16384 unless the client asked for less.
  [[nodiscard]] unsigned max_plaintext() const noexcept;

  // Records under the present keys, which is the sequence number of the next one.
  [[nodiscard]] uint64_t records_in() const noexcept { return records_in_; }
  [[nodiscard]] uint64_t records_out() const noexcept { return records_out_; }
  // TLS 1.2: explicit nonce of the last sealed record (RFC 5288 §3).
  [[nodiscard]] uint64_t last_explicit_nonce() const noexcept { return last_explicit_nonce_; }
  // CBC: the MAC is over the ciphertext (RFC 7366). After the handshake.
  [[nodiscard]] bool encrypt_then_mac() const noexcept {
    return encrypt_then_mac_ && suite_ != nullptr && crypto::is_cbc(suite_->cipher);
  }
  // TLS 1.3: secrets of the application keys (RFC 8446 §7.1).
  [[nodiscard]] const crypto::Secret<48>& client_secret() const noexcept { return client_secret_; }
  [[nodiscard]] const crypto::Secret<48>& server_secret() const noexcept { return server_secret_; }
  [[nodiscard]] TlsRole role() const noexcept { return role_; }
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }

  // Installs the callbacks through which connections of `context` learn secrets and see records.
  static void watch(SSL_CTX* context) noexcept;

 private:
  static void on_secret(const SSL* ssl, const char* line);
  static void on_message(int sent, int version, int type, const void* data, size_t size, SSL* ssl,
                         void* argument);
  [[nodiscard]] bool feed(std::span<const uint8_t> record);
  [[nodiscard]] TlsStep fail(std::string_view what);
  void note_nonces(std::span<const uint8_t> output) noexcept;

  Owned<SSL> ssl_;
  const TlsRole role_;
  const crypto::Suite* suite_ = nullptr;
  bool established_ = false;
  bool changed_keys_ = false;  // KeyUpdate before the tunnel: the counts no longer mean anything
  bool sealing12_ = false;     // our TLS 1.2 ChangeCipherSpec has gone out
  bool encrypt_then_mac_ = false;
  uint64_t fed_ = 0;  // bytes, into the BIO
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  uint64_t last_explicit_nonce_ = 0;
  crypto::Secret<48> client_secret_;
  crypto::Secret<48> server_secret_;
  std::string error_;
};

}  // namespace culvert::control
