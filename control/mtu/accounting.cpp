#include "control/mtu/accounting.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace culvert::control {
namespace {

constexpr unsigned kTlsHeader = 5;
constexpr unsigned kDtlsHeader = 13;  // RFC 6347 §4.1
constexpr unsigned kCstpHeader = 8;
constexpr unsigned kCdtpHeader = 1;
constexpr unsigned kUdpHeader = 8;
constexpr unsigned kTcpHeader = 20;
constexpr unsigned kTimestamps = 12;       // RFC 7323 §3.2, padded
constexpr unsigned kExplicitNonce = 8;     // RFC 5288 §3
constexpr unsigned kInnerType = 1;         // RFC 8446 §5.2
constexpr unsigned kPaddingLength = 1;     // RFC 5246 §6.2.3.2: the least padding there is
constexpr unsigned kDocumentedHash = 20;   // SHA-1: the note counts RC4-SHA
constexpr unsigned kDocumentedBlock = 16;  // AES
// Less than `anyconnect mtu` can say (576), and more than any header: a floor for absurd paths.
constexpr unsigned kLeast = 256;

class Sum {
 public:
  Sum(unsigned value, std::string label) { add(MtuTerm::Kind::start, value, std::move(label)); }
  Sum& less(unsigned amount, std::string label) {
    add(MtuTerm::Kind::less, amount, std::move(label));
    return *this;
  }
  Sum& round_down(unsigned block) {
    add(MtuTerm::Kind::round_down, block, "whole blocks");
    return *this;
  }
  // Noted only where it changes the value.
  Sum& cap(unsigned limit, std::string label) {
    if (value() > limit) add(MtuTerm::Kind::cap, limit, std::move(label));
    return *this;
  }
  Sum& at_least(unsigned limit, std::string label) {
    if (value() < limit) add(MtuTerm::Kind::raise, limit, std::move(label));
    return *this;
  }
  [[nodiscard]] unsigned value() const noexcept { return out_.result(); }
  [[nodiscard]] Derivation take() noexcept { return std::move(out_); }

 private:
  void add(MtuTerm::Kind kind, unsigned amount, std::string label) {
    const unsigned before = out_.terms.empty() ? 0 : value();
    unsigned after = amount;
    if (kind == MtuTerm::Kind::less) after = before > amount ? before - amount : 0;
    if (kind == MtuTerm::Kind::round_down) after = before / amount * amount;
    out_.terms.push_back({kind, amount, std::move(label), after});
  }
  Derivation out_;
};

unsigned ip_header(const MtuInputs& in) noexcept {
  return in.outer_v6 ? 40 : 20;
}

// The path that the client and the interface allow.
unsigned path_of(const MtuInputs& in) noexcept {
  return std::min(in.interface_mtu, in.base_mtu.value_or(in.interface_mtu));
}

unsigned path_mss(const MtuInputs& in) noexcept {
  const unsigned headers = ip_header(in) + kTcpHeader;
  const unsigned path = path_of(in);
  unsigned mss = path > headers ? path - headers : 0;
  if (in.tcpmss != 0) mss = std::min(mss, in.tcpmss);
  // The note knows `tcpmss` only.
  if (in.accounting != Accounting::documented && in.client_mss) mss = std::min(mss, *in.client_mss);
  return mss;
}

// Bytes of the IV that each record of a block cipher carries (RFC 4346 §6.2.3.2; none in TLS 1.0).
unsigned record_iv(TlsVersion version, const CipherShape& suite) noexcept {
  return version == TlsVersion::tls10 ? 0 : suite.block;
}

Derivation tls_documented(const MtuInputs& in) {
  return Sum(path_mss(in), "MSS")
      .less(kTlsHeader, "TLS header")
      .less(kCstpHeader, "CSTP")
      .less(0, "padding")
      .less(kDocumentedHash, "hash")
      .take();
}

Derivation tls_asa(const MtuInputs& in) {
  const CipherShape& suite = in.tls_suite;
  Sum sum(path_mss(in), "path-mtu");
  sum.less(in.timestamps ? kTimestamps : 0, "opts").less(kTlsHeader, "ssl");
  if (suite.block == 1) {
    sum.less(0, "iv").less(kCstpHeader, "cstp").less(suite.hash, "mac");
  } else {
    sum.less(record_iv(in.version, suite), "iv")
        .round_down(suite.block)
        .less(kCstpHeader, "cstp")
        .less(suite.hash, "mac")
        .less(kPaddingLength, "pad");
  }
  return sum.take();
}

// What protection takes from `sum`, which holds what a record may have after its header.
void less_protection(Sum& sum, const CipherShape& suite, TlsVersion version) {
  switch (suite.protection) {
    case Protection::stream: sum.less(suite.hash, "MAC"); break;
    case Protection::cbc:
      sum.less(record_iv(version, suite), "IV");
      if (suite.encrypt_then_mac) sum.less(suite.hash, "MAC");
      sum.round_down(suite.block);
      if (!suite.encrypt_then_mac) sum.less(suite.hash, "MAC");
      sum.less(kPaddingLength, "padding");
      break;
    case Protection::gcm:
    case Protection::chacha:
      if (version == TlsVersion::tls13) {
        sum.less(kInnerType, "content type");
      } else if (suite.protection == Protection::gcm) {
        sum.less(kExplicitNonce, "nonce");
      }
      sum.less(suite.tag, "tag");
      break;
  }
}

Derivation tls_exact(const MtuInputs& in) {
  Sum sum(path_mss(in), "MSS");
  sum.less(in.timestamps ? kTimestamps : 0, "TCP timestamps").less(kTlsHeader, "TLS header");
  less_protection(sum, in.tls_suite, in.version);
  return sum.less(kCstpHeader, "CSTP").take();
}

Derivation dtls_blocks(const MtuInputs& in, unsigned block, unsigned hash) {
  Sum sum(path_of(in), "path");
  sum.less(ip_header(in), "IP").less(kUdpHeader, "UDP").less(kDtlsHeader, "DTLS header");
  if (block > 1) sum.less(block, "IV").round_down(block);
  sum.less(kCdtpHeader, "CDTP").less(hash, "hash");
  if (block > 1) sum.less(kPaddingLength, "padding");
  return sum.take();
}

Derivation dtls_exact(const MtuInputs& in) {
  Sum sum(path_of(in), "path");
  sum.less(ip_header(in), "IP").less(kUdpHeader, "UDP").less(kDtlsHeader, "DTLS header");
  less_protection(sum, in.dtls_suite, TlsVersion::tls12);
  return sum.less(kCdtpHeader, "CDTP").take();
}

Derivation tls_by_accounting(const MtuInputs& in) {
  switch (in.accounting) {
    case Accounting::documented: return tls_documented(in);
    case Accounting::asa: return tls_asa(in);
    case Accounting::exact: break;
  }
  return tls_exact(in);
}

Derivation dtls_by_accounting(const MtuInputs& in) {
  switch (in.accounting) {
    case Accounting::documented: return dtls_blocks(in, kDocumentedBlock, kDocumentedHash);
    case Accounting::asa: return dtls_blocks(in, in.dtls_suite.block, in.dtls_suite.hash);
    case Accounting::exact: break;
  }
  return dtls_exact(in);
}

void limit(Derivation& derivation, const MtuInputs& in, unsigned header) {
  const auto cap = [&](unsigned most, const char* label) {
    if (derivation.result() > most) {
      derivation.terms.push_back({MtuTerm::Kind::cap, most, label, most});
    }
  };
  cap(in.max_plaintext > header ? in.max_plaintext - header : 0, "one record");
  if (in.configured_mtu) cap(*in.configured_mtu, "anyconnect mtu");
  if (in.client_mtu && !in.base_mtu) cap(*in.client_mtu, "X-CSTP-MTU");
  if (derivation.result() < kLeast) {
    derivation.terms.push_back({MtuTerm::Kind::raise, kLeast, "the least", kLeast});
  }
}

}  // namespace

std::string_view to_string(Accounting accounting) noexcept {
  switch (accounting) {
    case Accounting::documented: return "documented";
    case Accounting::asa: return "asa";
    case Accounting::exact: break;
  }
  return "exact";
}

std::optional<Accounting> find_accounting(std::string_view name) noexcept {
  for (const Accounting a : {Accounting::documented, Accounting::asa, Accounting::exact}) {
    if (to_string(a) == name) return a;
  }
  return std::nullopt;
}

std::optional<TlsVersion> find_tls_version(std::string_view name) noexcept {
  for (const std::string_view prefix : {"TLSv", "tlsv", "tls"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view number = name.substr(prefix.size());
    if (number == "1" || number == "1.0") return TlsVersion::tls10;
    if (number == "1.1") return TlsVersion::tls11;
    if (number == "1.2") return TlsVersion::tls12;
    if (number == "1.3") return TlsVersion::tls13;
  }
  return std::nullopt;
}

std::string Derivation::text() const {
  std::string out = std::to_string(terms.front().amount);
  unsigned before = terms.front().amount;
  enum : uint8_t { begun, summing, closed } sum = begun;
  const auto close = [&] {
    if (sum == summing) out += fmt::format(" = {}", before);
    sum = closed;
  };
  for (size_t i = 1; i < terms.size(); ++i) {
    const MtuTerm& term = terms[i];
    switch (term.kind) {
      case MtuTerm::Kind::start: break;
      case MtuTerm::Kind::less:
        if (sum == closed) out += fmt::format("; {}", before);
        out += fmt::format(" - {} ({})", term.amount, term.label);
        sum = summing;
        break;
      case MtuTerm::Kind::round_down:
        close();
        out +=
            fmt::format("; {} & ~{} ({}) = {}", before, term.amount - 1, term.label, term.result);
        break;
      case MtuTerm::Kind::cap:
      case MtuTerm::Kind::raise:
        close();
        out += fmt::format("; {} {} ({})", term.kind == MtuTerm::Kind::cap ? "at most" : "at least",
                           term.amount, term.label);
        break;
    }
    before = term.result;
  }
  close();
  return out;
}

unsigned largest_dtls_packet(unsigned path_mtu, bool outer_v6, const CipherShape& suite) {
  MtuInputs in;
  in.dtls_suite = suite;
  in.interface_mtu = path_mtu;
  in.outer_v6 = outer_v6;
  return dtls_exact(in).result();
}

Mtus announced_mtus(const MtuInputs& in) {
  Mtus out;
  out.tls_derivation = tls_by_accounting(in);
  out.dtls_derivation = dtls_by_accounting(in);
  const unsigned fits = dtls_exact(in).result();
  if (out.dtls_derivation.result() > fits) {
    out.dtls_lowered = true;
    out.dtls_derivation.terms.push_back(
        {MtuTerm::Kind::cap, fits, "what fits a datagram with " + in.dtls_suite.name, fits});
  }
  limit(out.tls_derivation, in, kCstpHeader);
  limit(out.dtls_derivation, in, kCdtpHeader);
  out.tls = static_cast<uint16_t>(out.tls_derivation.result());
  out.dtls = static_cast<uint16_t>(out.dtls_derivation.result());
  return out;
}

}  // namespace culvert::control
