// The certificate that a client showed in its handshake: whether it is good, and whom it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "control/config/config.hpp"

namespace culvert::control {

struct ClientCertificate {
  enum class Status : uint8_t {
    none,     // it showed none
    refused,  // `refusal` says why
    valid,    // chain, dates, purpose and, if configured, revocation
  };
  Status status = Status::none;
  std::string refusal;  // "certificate has expired"
  std::string subject;  // RFC 2253, ASCII, at most 256 bytes: for logs
  std::string issuer;
  std::string serial;  // hexadecimal
  // Of a valid one: attributes of the subject by their ASA names ("CN", "UID"), in its order, UTF-8; UPN is from
  // the subject's alternative names. What holds a NUL byte is left out (RFC 5280 allows none).
  std::vector<std::pair<std::string, std::string>> attributes;
};

// User name by `from`: the last attribute of that kind in the subject, its most specific one.
// Nothing if the certificate has neither attribute.
[[nodiscard]] std::optional<std::string> user_of(const ClientCertificate& certificate,
                                                 const CertificateUserConfig& from);

// Makes `context` ask clients for a certificate, and look at what they show without ending the
// handshake over it: other groups may do with a password. `crl_file` "" = no check of revocation;
// otherwise every authority of a chain needs a current list. Throws std::runtime_error with one
// sentence that says what to do.
void request_client_certificates(SSL_CTX* context, const std::string& ca_file,
                                 const std::string& crl_file);

// After the handshake.
[[nodiscard]] ClientCertificate client_certificate(SSL* ssl);

}  // namespace culvert::control
