// Which of AnyConnect's ways to DTLS a client and this box have in common.
//
// All of them borrow the secret from the TLS connection of the CONNECT, so that there are neither
// certificates nor key exchanges: with PSK-NEGOTIATE both take it from that connection's exporter
// (RFC 5705); else the client sends a master secret in a header, and "resumes" a session that never
// was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/suite.hpp"

namespace culvert::control {

enum class DtlsForm : uint8_t {
  psk,         // X-DTLS-CipherSuite: PSK-NEGOTIATE, X-DTLS-App-ID
  resumption,  // X-DTLS-Session-ID; the key exchange in the suite's name is never executed
};

struct DtlsChoice {
  DtlsForm form = DtlsForm::psk;
  const crypto::Suite* suite =
      nullptr;              // the only one that the handshake will take; says the version
  std::string_view header;  // "X-DTLS-CipherSuite" or "X-DTLS12-CipherSuite"
  std::string value;        // what that header says in the reply
};

struct DtlsWishes {
  std::string_view suites;         // X-DTLS-CipherSuite: names with colons between them
  std::string_view suites12;       // X-DTLS12-CipherSuite
  bool has_master_secret = false;  // X-DTLS-Master-Secret, 48 bytes
};

// PSK-NEGOTIATE if the client knows it, else a resumption of DTLS 1.2, else one of the older DTLS;
// cipher and MAC of `tls` first, so that both channels cost the same. Nothing if there is none that workers carry.
[[nodiscard]] std::optional<DtlsChoice> choose_dtls(const DtlsWishes& wishes,
                                                    const crypto::Suite& tls);

}  // namespace culvert::control
