// `show mtu-advice`, and the end of `culvertd --check`.
#include "control/advice/mtu_advice.hpp"

#include <fmt/format.h>

#include "control/show/output.hpp"

namespace culvert::control {
namespace {

const char* family(const MtuCase& c) noexcept {
  return c.outer_v6 ? "IPv6" : "IPv4";
}

std::string whom(const GroupMtuAdvice& group) {
  std::string out;
  const auto add = [&](const char* kind, const std::vector<std::string>& names) {
    if (names.empty()) return;
    out += fmt::format("{}{}{} {}", out.empty() ? "" : "; ", kind, names.size() == 1 ? "" : "s",
                       fmt::join(names, ", "));
  };
  add("tunnel group", group.tunnel_groups);
  add("user", group.users);
  return out.empty() ? "nobody, unless a server names it" : out;
}

std::string headline(const GroupMtuAdvice& group) {
  if (group.verdict == MtuVerdict::suffers) {
    return "loses packets for a minute where DTLS is blocked";
  }
  if (group.verdict == MtuVerdict::reconnects) {
    return "reconnects after a minute where DTLS is blocked, and loses nothing until then";
  }
  if (!group.dtls) return "is not affected: it has no DTLS";
  if (group.cases.empty()) return "is not affected: no interface serves clients";
  return "is not affected: TLS tunnels take what DTLS tunnels do";
}

std::string case_text(const MtuCase& c) {
  std::string out = fmt::format("  {}, {}: TLS MTU {}, DTLS MTU {} (with {} {}{} and {})\n",
                                c.nameif, family(c), c.mtus.tls, c.mtus.dtls, c.tls_version,
                                c.tls_suite, c.timestamps ? ", TCP timestamps" : "", c.dtls_suite);
  out += fmt::format("    TLS   {}\n", c.mtus.tls_derivation.text());
  out += fmt::format("    DTLS  {}\n", c.mtus.dtls_derivation.text());
  return out;
}

std::string reason(const GroupMtuAdvice& group, bool told) {
  const Mtus& mtus = group.worst().mtus;
  std::string out = fmt::format(
      "  The client's adapter takes packets of up to {} bytes, as DTLS does, and its TLS tunnel\n"
      "  {}. Where DTLS is blocked, ",
      mtus.dtls, mtus.tls);
  if (group.verdict == MtuVerdict::reconnects) {
    out += fmt::format("IPv4 packets of {} to {} bytes are fragmented", mtus.tls + 1, mtus.dtls);
  } else {
    out += fmt::format(
        "packets of {} to {} bytes with DF are dropped\n  (mp-svc-no-fragment, 722036), {}",
        mtus.tls + 1, mtus.dtls,
        told ? "and their senders are told by ICMP if that gets through"
             : "and their senders are not told (icmp too-big withhold)");
  }
  return out +
         ", until the\n  client reconnects after one minute to apply the MTU of TLS (Cisco's note "
         "116881).\n";
}

std::string fixes_text(const std::vector<MtuFix>& fixes) {
  std::string out = "  Any of these helps:\n";
  for (const MtuFix& fix : fixes) {
    for (const std::string& line : fix.commands)
      out += "    " + line + "\n";
    out += "      ! " + fix.effect + "\n";
  }
  return out;
}

const char* kind_text(MtuFix::Kind kind) noexcept {
  switch (kind) {
    case MtuFix::Kind::anyconnect_mtu: return "anyconnect-mtu";
    case MtuFix::Kind::tcpmss: return "tcpmss";
    case MtuFix::Kind::tls_only: return "tls-only";
    case MtuFix::Kind::smart_fallback: return "smart-fallback";
    case MtuFix::Kind::df_bit_ignore: break;
  }
  return "df-bit-ignore";
}

nlohmann::json group_json(const GroupMtuAdvice& group) {
  nlohmann::json cases = nlohmann::json::array();
  for (const MtuCase& c : group.cases) {
    cases.push_back({{"interface", c.nameif},
                     {"family", family(c)},
                     {"tls_version", c.tls_version},
                     {"tls_suite", c.tls_suite},
                     {"dtls_suite", c.dtls_suite},
                     {"tcp_timestamps", c.timestamps},
                     {"tls_mtu", c.mtus.tls},
                     {"dtls_mtu", c.mtus.dtls},
                     {"tls_derivation", c.mtus.tls_derivation.text()},
                     {"dtls_derivation", c.mtus.dtls_derivation.text()},
                     {"suffers", group.dtls && c.suffers()}});
  }
  nlohmann::json fixes = nlohmann::json::array();
  for (const MtuFix& fix : group.fixes) {
    fixes.push_back({{"kind", kind_text(fix.kind)},
                     {"commands", fix.commands},
                     {"reconnects", fix.reconnects},
                     {"effect", fix.effect}});
  }
  return {{"group_policy", group.group_policy},
          {"tunnel_groups", group.tunnel_groups},
          {"users", group.users},
          {"verdict", to_string(group.verdict)},
          {"dtls", group.dtls},
          {"df_bit_ignore", group.df_bit_ignore},
          {"smart_fallback", group.smart_fallback},
          {"cases", std::move(cases)},
          {"fixes", std::move(fixes)}};
}

}  // namespace

Output show_mtu_advice(const Config& config) {
  Output out;
  nlohmann::json groups = nlohmann::json::array();
  for (const GroupMtuAdvice& group : mtu_advice(config)) {
    out.text += fmt::format("Group policy {} {}\n  For: {}\n", group.group_policy, headline(group),
                            whom(group));
    if (group.dtls) {
      for (const MtuCase& c : group.cases)
        out.text += case_text(c);
    }
    if (group.verdict != MtuVerdict::unaffected) {
      out.text += reason(group, config.icmp.too_big) + fixes_text(group.fixes);
    }
    groups.push_back(group_json(group));
  }
  out.text += "All of this is for clients whose path is as wide as the interface.\n";
  out.json = {{"groups", std::move(groups)}};
  return out;
}

}  // namespace culvert::control
