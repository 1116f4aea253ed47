// Rows: TLS settings of the box. Versions and ciphers in the words of an ASA 9.x, and those of 8.x for
// ciphers.
#include <algorithm>
#include <array>

#include "control/config/cipher_choice.hpp"
#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

// OpenSSL's names, one colon-separated string or several words: the field uses both.
std::string read_ciphers(const Arguments& a) {
  std::string out;
  for (const Argument& word : a) {
    if (word.name != "ciphers") continue;
    const bool good = std::all_of(word.text.begin(), word.text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_+!@=:").find(c) != std::string_view::npos;
    });
    if (!good || word.text.front() == ':' || word.text.back() == ':') {
      throw ArgumentError("ciphers",
                          "Ciphers are OpenSSL's names with colons or spaces between them");
    }
    out += (out.empty() ? "" : ":") + word.text;
  }
  return out;
}

// An ASA 8.x names the suites of TLS 1.0 in its own way; TLS 1.2 has them too.
struct OldName {
  std::string_view asa;
  std::string_view openssl;
};
constexpr auto kOldNames = std::to_array<OldName>({
    {"aes256-sha1", "AES256-SHA"},
    {"aes128-sha1", "AES128-SHA"},
    {"dhe-aes256-sha1", "DHE-RSA-AES256-SHA"},
    {"dhe-aes128-sha1", "DHE-RSA-AES128-SHA"},
    {"3des-sha1", "DES-CBC3-SHA"},
    {"des-sha1", "DES-CBC-SHA"},
    {"rc4-sha1", "RC4-SHA"},
    {"rc4-md5", "RC4-MD5"},
    {"null-sha1", "NULL-SHA"},
});

std::string read_old_names(const Arguments& a) {
  std::string out;
  for (const Argument& word : a) {
    const auto* const found =
        std::find_if(kOldNames.begin(), kOldNames.end(),
                     [&word](const OldName& name) { return name.asa == word.name; });
    if (found != kOldNames.end()) out += (out.empty() ? "" : ":") + std::string(found->openssl);
  }
  return out;
}

CipherChoice& choice_of(SslConfig& ssl, const Arguments& a) {
  return a.has("tlsv1.3") ? ssl.tls13 : ssl.tls12;
}

constexpr std::array kLevels = {CipherLevel::all, CipherLevel::low, CipherLevel::medium,
                                CipherLevel::fips, CipherLevel::high};

CipherChoice read_choice(const Arguments& a) {
  for (const CipherLevel level : kLevels) {
    if (a.has(to_string(level))) return {.level = level};
  }
  return {.custom = read_ciphers(a)};
}

[[noreturn]] void refuse_old_version(const Arguments& a) {
  for (const char* version : {"tlsv1", "tlsv1.1"}) {
    if (a.has(version)) {
      throw ArgumentError(version,
                          "TLS 1.0 and 1.1 are not spoken here (RFC 8996): the oldest is "
                          "tlsv1.2");
    }
  }
  throw ArgumentError("default",
                      "This is about connections that an ASA opens itself, and none is "
                      "opened here: name tlsv1.2 or tlsv1.3");
}

void show_choice(std::string_view version, const CipherChoice& choice, Lines& out) {
  if (choice == CipherChoice{}) return;
  out.add("ssl cipher " + std::string(version) + " " +
          (choice.custom.empty() ? std::string(to_string(choice.level))
                                 : "custom \"" + choice.custom + "\""));
}

void show_ssl(const Config& c, Lines& out) {
  const SslConfig& s = c.ssl;
  if (!s.allow_tls12) out.add("ssl server-version tlsv1.3");
  show_choice("tlsv1.2", s.tls12, out);
  show_choice("tlsv1.3", s.tls13, out);
  if (!s.trust_point.empty()) {
    out.add("ssl trust-point " + quote(s.trust_point) +
            (s.trust_point_key.empty() ? "" : " " + quote(s.trust_point_key)));
  }
  if (!s.client_ca.empty()) out.add("ssl client-ca " + quote(s.client_ca));
  if (!s.client_crl.empty()) out.add("ssl client-crl " + quote(s.client_crl));
}

const std::array kSsl = {
    Command{.syntax = "ssl server-version {tlsv1 | tlsv1.1 | tlsv1.2 | tlsv1.3}",
            .help = "Oldest TLS version that clients may use (default tlsv1.2; the older two are "
                    "refused)",
            .set =
                [](Draft& d, const Arguments& a) {
                  if (a.has("tlsv1") || a.has("tlsv1.1")) refuse_old_version(a);
                  d.config.ssl.allow_tls12 = a.has("tlsv1.2");
                },
            .no_syntax = "ssl server-version [tlsv1 | tlsv1.1 | tlsv1.2 | tlsv1.3]",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.allow_tls12 = true; },
            .show = [](const Config& c, const std::string&, Lines& out) { show_ssl(c, out); }},
    Command{
        .syntax = "ssl cipher {tlsv1.2 | tlsv1.3} {all | low | medium | fips | high | custom "
                  "<ciphers:word>...}",
        .help =
            "Cipher suites by a level of an ASA's, or in OpenSSL's names, \"A:B\" or A B. Of "
            "what there is here all, low and medium (default) are everything: NULL, RC4, DES and "
            "3DES do not exist. fips: AES only. high: AES-256 with SHA-2",
        .set = [](Draft& d, const Arguments& a) { choice_of(d.config.ssl, a) = read_choice(a); },
        .no_syntax = "ssl cipher {tlsv1.2 | tlsv1.3} [all | low | medium | fips | high | custom "
                     "<ciphers:word>...]",
        .unset = [](Draft& d, const Arguments& a) { choice_of(d.config.ssl, a) = {}; }},
    Command{.syntax = "ssl cipher {default | tlsv1 | tlsv1.1} {all | low | medium | fips | high | "
                      "custom <ciphers:word>...}",
            .help = "Refused: these versions are not spoken here, and no connection is opened that "
                    "`default` would be about",
            .set = [](Draft&, const Arguments& a) { refuse_old_version(a); }},
    Command{.syntax = "ssl encryption {aes256-sha1 | aes128-sha1 | dhe-aes256-sha1 | "
                      "dhe-aes128-sha1 | 3des-sha1 | des-sha1 | rc4-sha1 | rc4-md5 | null-sha1}...",
            .help =
                "The suites of TLS 1.2 in the words of an ASA 8.x. Those with AES are carried, the "
                "others are not offered. Shown as `ssl cipher tlsv1.2 custom`",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.ssl.tls12 = {.custom = read_old_names(a)}; },
            .no_syntax = "ssl encryption [aes256-sha1 | aes128-sha1 | dhe-aes256-sha1 | "
                         "dhe-aes128-sha1 | 3des-sha1 | des-sha1 | rc4-sha1 | rc4-md5 | "
                         "null-sha1]...",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.tls12 = {}; }},
    Command{.syntax = "ssl trust-point <file:word> [<key-file:word>]",
            .help = "PEM file with certificate chain and key (default: self-signed, made at the "
                    "first start)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.ssl.trust_point = a.text("file");
                  d.config.ssl.trust_point_key = a.text("key-file");
                },
            .no_syntax = "ssl trust-point [<file:word> [<key-file:word>]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.ssl.trust_point.clear();
                  d.config.ssl.trust_point_key.clear();
                }},
    Command{.syntax = "ssl client-ca <file:word>",
            .help = "PEM file with the authorities whose client certificates are accepted; once it "
                    "is there, every client is asked for one, and need not have any",
            .set = [](Draft& d, const Arguments& a) { d.config.ssl.client_ca = a.text("file"); },
            .no_syntax = "ssl client-ca [<file:word>]",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.client_ca.clear(); }},
    Command{.syntax = "ssl client-crl <file:word>",
            .help = "PEM file with a current revocation list of each of these authorities; read "
                    "again when it changes (default: no check)",
            .set = [](Draft& d, const Arguments& a) { d.config.ssl.client_crl = a.text("file"); },
            .no_syntax = "ssl client-crl [<file:word>]",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.client_crl.clear(); }},
};

}  // namespace

std::span<const Command> ssl_commands() {
  return kSsl;
}

}  // namespace culvert::control
