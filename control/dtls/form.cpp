#include "control/dtls/form.hpp"

#include <algorithm>
#include <array>

namespace culvert::control {
namespace {

using crypto::Cipher;
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

// The first of the client's names whose cipher is that of TLS, else the first that workers carry.
template <typename Find>
std::optional<DtlsChoice> choose_resumption(std::string_view list, std::string_view header,
                                            Cipher cipher, Find find) {
  std::optional<DtlsChoice> best;
  each_name(list, [&](std::string_view name) {
    const Suite* suite = find(name);
    if (suite == nullptr) return false;
    const bool same = suite->cipher == cipher;
    if (same || !best) best = {DtlsForm::resumption, suite, header, std::string(name)};
    return same;
  });
  return best;
}

}  // namespace

std::optional<DtlsChoice> choose_dtls(const DtlsWishes& wishes, const Suite& tls) {
  bool psk = false;
  for (const std::string_view list : {wishes.suites, wishes.suites12}) {
    each_name(list, [&](std::string_view name) { return psk = psk || name == kPskNegotiate; });
  }
  if (psk) {
    for (const Suite& suite : crypto::dtls_suites()) {
      if (!suite.name.starts_with("PSK-") || suite.cipher != tls.cipher) continue;
      return DtlsChoice{DtlsForm::psk, &suite, "X-DTLS-CipherSuite", std::string(kPskNegotiate)};
    }
  }
  if (!wishes.has_master_secret) return std::nullopt;
  if (auto choice =
          choose_resumption(wishes.suites12, "X-DTLS12-CipherSuite", tls.cipher, dtls_suite)) {
    return choice;
  }
  return choose_resumption(wishes.suites, "X-DTLS-CipherSuite", tls.cipher, openconnect_suite);
}

}  // namespace culvert::control
