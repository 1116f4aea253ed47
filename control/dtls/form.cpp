#include "control/dtls/form.hpp"

#include <algorithm>
#include <array>

namespace culvert::control {
namespace {

using crypto::Suite;
using crypto::Version;

constexpr std::string_view kPskNegotiate = "PSK-NEGOTIATE";

struct Name {
  std::string_view name;
  uint16_t id;
};
// OpenConnect's names for its own way of resumption.
constexpr std::array kOpenConnect = {
    Name{"OC-DTLS1_2-AES256-GCM", 0x009d},
    Name{"OC-DTLS1_2-AES128-GCM", 0x009c},
};

// Calls `take(name)` for each name between colons until it says true.
template <typename Take>
void each_name(std::string_view list, Take take) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(':'), list.size());
    if (take(list.substr(0, end))) return;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

const Suite* dtls_suite(std::string_view name) noexcept {
  if (name.starts_with("PSK-")) return nullptr;  // nothing that could be resumed
  return crypto::find_suite(Version::dtls12, name);
}

const Suite* openconnect_suite(std::string_view name) noexcept {
  for (const Name& known : kOpenConnect) {
    if (known.name == name) return crypto::find_suite(Version::dtls12, known.id);
  }
  return nullptr;
}

enum class Likeness : uint8_t { none, cipher, same };  // the worse before the better

const Suite* legacy_suite(std::string_view name) noexcept {
  return crypto::find_suite(Version::dtls09, name);
}

// How much of TLS's protection `suite` has.
Likeness likeness(const Suite& suite, const Suite& tls) noexcept {
  if (suite.cipher != tls.cipher) return Likeness::none;
  return suite.mac == tls.mac ? Likeness::same : Likeness::cipher;
}

// The first of the client's names that is most like the suite of TLS.
template <typename Find>
std::optional<DtlsChoice> choose_resumption(std::string_view list, std::string_view header,
                                            const Suite& tls, Find find) {
  std::optional<DtlsChoice> best;
  each_name(list, [&](std::string_view name) {
    const Suite* suite = find(name);
    if (suite == nullptr) return false;
    const Likeness like = likeness(*suite, tls);
    if (!best || like > likeness(*best->suite, tls)) {
      best = {DtlsForm::resumption, suite, header, std::string(name)};
    }
    return like == Likeness::same;
  });
  return best;
}

// The suite of TLS with a pre-shared key in the place of its key exchange: that is what clients
// offer. There is none of AES-256-CBC with SHA-256; its clients have the last one of that cipher,
// which has SHA-1.
const Suite* psk_suite(const Suite& tls) noexcept {
  const Suite* found = nullptr;
  for (const Suite& suite : crypto::dtls_suites()) {
    if (!suite.name.starts_with("PSK-")) continue;
    const Likeness like = likeness(suite, tls);
    if (like == Likeness::same) return &suite;
    if (like == Likeness::cipher) found = &suite;
  }
  return found;
}

}  // namespace

std::optional<DtlsChoice> choose_dtls(const DtlsWishes& wishes, const Suite& tls) {
  bool psk = false;
  for (const std::string_view list : {wishes.suites, wishes.suites12}) {
    each_name(list, [&](std::string_view name) { return psk = psk || name == kPskNegotiate; });
  }
  if (psk) {
    if (const Suite* suite = psk_suite(tls)) {
      return DtlsChoice{DtlsForm::psk, suite, "X-DTLS-CipherSuite", std::string(kPskNegotiate)};
    }
  }
  if (!wishes.has_master_secret) return std::nullopt;
  if (auto choice = choose_resumption(wishes.suites12, "X-DTLS12-CipherSuite", tls, dtls_suite)) {
    return choice;
  }
  if (auto choice =
          choose_resumption(wishes.suites, "X-DTLS-CipherSuite", tls, openconnect_suite)) {
    return choice;
  }
  // The same names in this header mean the DTLS from before the standard.
  return choose_resumption(wishes.suites, "X-DTLS-CipherSuite", tls, legacy_suite);
}

}  // namespace culvert::control
