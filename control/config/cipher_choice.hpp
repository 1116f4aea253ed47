// Which suites a configuration lets clients have.
//
// The levels are an ASA's. Of the suites that workers carry, `all`, `low` and `medium` are everything, because
// what they differ in on an ASA (NULL, DES, 3DES, RC4) does not exist here; `fips` is AES in every
// mode, and so everything but ChaCha20-Poly1305; `high` is AES-256 with a hash of SHA-2.
#pragma once

#include <string>
#include <string_view>

#include "control/config/config.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {

[[nodiscard]] std::string_view to_string(CipherLevel level) noexcept;
[[nodiscard]] bool in_level(CipherLevel level, const crypto::Suite& suite) noexcept;

// Of TLS 1.2 or 1.3.
[[nodiscard]] const CipherChoice& choice_for(const SslConfig& ssl,
                                             crypto::Version version) noexcept;
// Whether a client may have the suite, one of crypto::tls_suites().
[[nodiscard]] bool offers(const SslConfig& ssl, const crypto::Suite& suite);
// The names of a level's suites of one version, in order of preference, with colons between them.
[[nodiscard]] std::string names_in(CipherLevel level, crypto::Version version);

}  // namespace culvert::control
