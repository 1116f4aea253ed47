// Finds in a configuration what Cisco's note 116881 describes: groups whose TLS tunnels take smaller packets
// than their DTLS tunnels. A client gives its adapter the MTU of DTLS at once; where DTLS is blocked, packets in
// between are lost until it reconnects after a minute to apply the other one. Pure functions of the
// configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/config/config.hpp"
#include "control/mtu/accounting.hpp"

namespace culvert::control {

// One way in which clients may come, with what CONNECT would announce to them. Their path is as wide as the
// interface.
struct MtuCase {
  std::string nameif;
  bool outer_v6 = false;
  std::string tls_version;  // "TLSv1.3"
  std::string tls_suite;    // OpenSSL's names; with ", encrypt-then-MAC" behind it
  std::string dtls_suite;
  bool timestamps = false;  // of TCP (RFC 7323)
  Mtus mtus{};

  // Packets of more than `tls` bytes and up to `dtls` fit the adapter and not the tunnel.
  [[nodiscard]] bool suffers() const noexcept { return mtus.tls < mtus.dtls; }
};

struct MtuFix {
  enum class Kind : uint8_t { anyconnect_mtu, tcpmss, tls_only, df_bit_ignore, smart_fallback };
  Kind kind = Kind::anyconnect_mtu;
  std::vector<std::string> commands;  // configuration, from the global mode on
  bool reconnects = false;            // clients still come back after a minute; but nothing is lost
  std::string effect;                 // a sentence or two, with the numbers
};

enum class MtuVerdict : uint8_t {
  unaffected,  // both MTUs are the same, or TLS has the larger one, or there is no DTLS
  reconnects,  // after a minute, but packets are fragmented meanwhile
  suffers,     // and loses packets until then
};
[[nodiscard]] std::string_view to_string(MtuVerdict verdict) noexcept;

struct GroupMtuAdvice {
  std::string group_policy;
  std::vector<std::string> tunnel_groups;  // that lead to it
  std::vector<std::string> users;          // that have it themselves
  MtuVerdict verdict = MtuVerdict::unaffected;
  bool dtls = true;             // `anyconnect ssl dtls`
  bool df_bit_ignore = false;   // `anyconnect ssl df-bit-ignore`
  bool smart_fallback = false;  // `anyconnect dtls-fallback smart`
  // The worst of each interface and family, by its suites: the widest gap between both MTUs.
  std::vector<MtuCase> cases;
  std::vector<MtuFix> fixes;  // that would help; none for a group that is unaffected

  [[nodiscard]] const MtuCase& worst() const noexcept;  // `cases` must not be empty
};

// Every group policy that somebody can get, by name. DfltGrpPolicy only if something leads to it.
[[nodiscard]] std::vector<GroupMtuAdvice> mtu_advice(const Config& config);

}  // namespace culvert::control
