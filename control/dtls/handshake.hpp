// One server-side DTLS 1.2 handshake over datagrams that the caller passes in and takes out, and
// the keys that it ends in. One thread at a time may use it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "control/dtls/datagram_bio.hpp"
#include "control/dtls/form.hpp"
#include "crypto/record/protection.hpp"
#include "crypto/secret.hpp"

namespace culvert::control {

inline constexpr size_t kDtlsIdSize = 32;
using DtlsId = std::array<uint8_t, kDtlsIdSize>;  // X-DTLS-App-ID or X-DTLS-Session-ID

// What all handshakes share: DTLS 1.2 and nothing that a session which never was cannot have, or
// that workers cannot continue (RFC 7627, RFC 5077, renegotiation).
class DtlsContext {
 public:
  DtlsContext();  // throws std::runtime_error
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

struct DtlsKeys {
  crypto::record::KeyMaterial rx;  // opens what the client seals
  crypto::record::KeyMaterial tx;
};

class DtlsHandshake {
 public:
  struct Parameters {
    DtlsForm form = DtlsForm::psk;
    const crypto::Suite* suite = nullptr;
    DtlsId id{};
    crypto::Secret<48> secret;     // 32 bytes of PSK, or 48 of a master secret
    unsigned datagram_mtu = 1200;  // largest UDP payload
    // The first datagram is a ClientHello whose cookie was found to be good: its messages count
    // from 1 (RFC 6347 §4.2.2).
    bool after_cookie = false;
  };
  enum class Step : uint8_t {
    more,    // waits for datagrams, or for its timer
    done,    // keys() may be asked for; output() holds the last flight, if it is ours
    failed,  // error() says why; the output may hold an alert
  };

  // Throws std::runtime_error when OpenSSL has no memory.
  DtlsHandshake(const DtlsContext& context, Parameters parameters);
  ~DtlsHandshake();
  DtlsHandshake(const DtlsHandshake&) = delete;
  DtlsHandshake& operator=(const DtlsHandshake&) = delete;

  // Works off the datagrams, and the retransmission timer if it has run out (RFC 6347 §4.2.4).
  // After the handshake it stays `done`, and answers a client that did not get the last flight.
  // Computes: not for the event loop.
  [[nodiscard]] Step advance(std::vector<Datagram> datagrams);
  [[nodiscard]] std::vector<Datagram> take_output();
  // Time until advance() wants to be called though nothing came, microseconds.
  [[nodiscard]] std::optional<uint64_t> timer_us() const noexcept;

  // What a worker needs to continue; after `done`. Throws std::runtime_error.
  [[nodiscard]] DtlsKeys keys() const;
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  friend class DtlsContext;
  struct Free {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };
  static unsigned on_psk(SSL* ssl, const char* identity, unsigned char* psk, unsigned room);
  static SSL_SESSION* on_session(SSL* ssl, const unsigned char* id, int size, int* copy);
  static void on_message(int sent, int version, int type, const void* data, size_t size, SSL* ssl,
                         void* argument);
  [[nodiscard]] Step fail(std::string_view what);
  void answer_repeats();

  Parameters parameters_;
  DatagramQueues queues_;
  std::unique_ptr<SSL, Free> ssl_;
  bool done_ = false;
  bool encrypt_then_mac_ = false;  // RFC 7366 was agreed on
  std::string error_;
};

}  // namespace culvert::control
