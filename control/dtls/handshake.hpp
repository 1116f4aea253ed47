// One server-side DTLS handshake over datagrams that the caller passes in and takes out, and
// the keys that it ends in. One thread at a time may use it.
//
// DTLS 1.2 is OpenSSL's (openssl_handshake.hpp); Cisco's older DTLS is ours (legacy/).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/dtls/datagram_bio.hpp"
#include "control/dtls/form.hpp"
#include "control/dtls/key_export.hpp"
#include "crypto/record/protection.hpp"
#include "crypto/secret.hpp"

namespace culvert::control {

inline constexpr size_t kDtlsIdSize = 32;
using DtlsId = std::array<uint8_t, kDtlsIdSize>;  // X-DTLS-App-ID or X-DTLS-Session-ID

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

  virtual ~DtlsHandshake() = default;
  DtlsHandshake(const DtlsHandshake&) = delete;
  DtlsHandshake& operator=(const DtlsHandshake&) = delete;

  // Works off the datagrams, and the retransmission timer if it has run out (RFC 6347 §4.2.4).
  // Not to be called after `done`: a client that did not get the last flight is sent the same once more.
  // Computes: not for the event loop.
  [[nodiscard]] virtual Step advance(std::vector<Datagram> datagrams) = 0;
  [[nodiscard]] virtual std::vector<Datagram> take_output() = 0;
  // Time until advance() wants to be called though nothing came, microseconds.
  [[nodiscard]] virtual std::optional<uint64_t> timer_us() const noexcept = 0;

  // What a worker needs to continue; after `done`. Throws std::runtime_error.
  [[nodiscard]] virtual DtlsKeys keys() const = 0;
  [[nodiscard]] virtual const std::string& error() const noexcept = 0;

 protected:
  DtlsHandshake() = default;
};

}  // namespace culvert::control
