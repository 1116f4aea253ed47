// Computes what each group's clients would be told, and tries the remedies on it.
#include "control/advice/mtu_advice.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "control/config/cipher_choice.hpp"
#include "control/config/match.hpp"
#include "control/mtu/path_mtu.hpp"
#include "control/session/policy.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {
namespace {

constexpr unsigned kLeastMtu = 576, kMostMtu = 1462;  // of `anyconnect mtu`
constexpr unsigned kTcpHeaders4 = 20 + 20;            // the shorter of both families

// What is to be computed for every client of a group, whatever its policy.
struct Way {
  const InterfaceConfig* interface = nullptr;
  bool outer_v6 = false;
  const crypto::Suite* tls = nullptr;
  const crypto::Suite* dtls = nullptr;
  bool timestamps = false;        // the client's TCP uses them: as most do, Windows' does not
  bool encrypt_then_mac = false;  // CBC: the client offers it (RFC 7366)
};

// As what a policy and the box would be, with a remedy or without.
struct Setting {
  Accounting accounting = Accounting::documented;
  std::optional<unsigned> anyconnect_mtu{};
  unsigned tcpmss = 0;
};

std::vector<Way> ways_in(const Config& config) {
  std::vector<Way> ways;
  for (const InterfaceConfig& interface : config.interfaces) {
    if (!config.webvpn.serves(interface.nameif)) continue;
    for (const bool v6 : {false, true}) {
      if (v6 ? interface.ipv6_addresses.empty() : interface.address.is_unspecified()) continue;
      for (const crypto::Suite& tls : crypto::tls_suites()) {
        if (!offers(config.ssl, tls)) continue;
        for (const crypto::Suite& dtls : crypto::dtls_suites()) {
          // Both channels get the same cipher if the client can (dtls/form.hpp).
          if (dtls.cipher != tls.cipher) continue;
          for (const bool timestamps : {false, true}) {
            ways.push_back({&interface, v6, &tls, &dtls, timestamps, false});
            if (crypto::is_cbc(tls.cipher))
              ways.push_back({&interface, v6, &tls, &dtls, timestamps, true});
          }
        }
      }
    }
  }
  return ways;
}

MtuInputs inputs(const Way& way, const Setting& setting) {
  MtuInputs in;
  in.accounting = setting.accounting;
  in.version = way.tls->version == crypto::Version::tls13 ? TlsVersion::tls13 : TlsVersion::tls12;
  in.tls_suite = find_cipher_shape(way.tls->name).value_or(CipherShape{});
  in.tls_suite.encrypt_then_mac = way.encrypt_then_mac;
  in.dtls_suite = find_cipher_shape(way.dtls->name).value_or(CipherShape{});
  in.tcpmss = setting.tcpmss;
  in.interface_mtu = way.interface->mtu;
  in.outer_v6 = way.outer_v6;
  in.timestamps = way.timestamps;
  in.configured_mtu = setting.anyconnect_mtu;
  return in;
}

int gap(const Mtus& mtus) noexcept {
  return int{mtus.dtls} - int{mtus.tls};
}

// The case with the widest gap, by interface and family.
std::vector<MtuCase> worst_cases(const std::vector<Way>& ways, const Setting& setting) {
  std::vector<MtuCase> out;
  const Way* last = nullptr;
  for (const Way& way : ways) {
    Mtus mtus = announced_mtus(inputs(way, setting));
    const bool same =
        last != nullptr && last->interface == way.interface && last->outer_v6 == way.outer_v6;
    last = &way;
    if (same && gap(mtus) <= gap(out.back().mtus)) continue;
    if (!same) out.emplace_back();
    out.back() = {.nameif = way.interface->nameif,
                  .outer_v6 = way.outer_v6,
                  .tls_version = std::string(crypto::to_string(way.tls->version)),
                  .tls_suite = std::string(way.tls->name) +
                               (way.encrypt_then_mac ? ", encrypt-then-MAC" : ""),
                  .dtls_suite = std::string(way.dtls->name),
                  .timestamps = way.timestamps,
                  .mtus = std::move(mtus)};
  }
  return out;
}

bool any_suffers(const std::vector<MtuCase>& cases) {
  return std::any_of(cases.begin(), cases.end(), [](const MtuCase& c) { return c.suffers(); });
}

// What lines of a policy's webvpn mode look like from the top.
std::vector<std::string> policy_lines(const std::string& policy, std::string line) {
  return {"group-policy " + quote(policy) + " attributes", " webvpn", "  " + std::move(line)};
}

class Remedies {
 public:
  Remedies(const std::vector<Way>& ways, const Setting& now, const GroupMtuAdvice& group)
      : ways_(ways), now_(now), group_(group) {}

  std::vector<MtuFix> find() {
    try_anyconnect_mtu();
    try_tcpmss();
    tls_only();
    if (!group_.df_bit_ignore && !group_.smart_fallback) df_bit_ignore();
    if (!group_.smart_fallback) smart_fallback();
    return std::move(out_);
  }

 private:
  // The largest cap that leaves nobody with the smaller MTU on TLS.
  void try_anyconnect_mtu() {
    unsigned cap = kMostMtu;
    for (const Way& way : ways_)
      cap = std::min<unsigned>(cap, announced_mtus(inputs(way, now_)).tls);
    Setting then = now_;
    then.anyconnect_mtu = cap;
    if (cap < kLeastMtu || any_suffers(worst_cases(ways_, then))) return;
    std::string effect = fmt::format("Both MTUs become {}: no reconnect, nothing is lost.", cap);
    if (cap < kLeastMtu6) effect += " Clients then get no IPv6 address, which needs 1280.";
    out_.push_back(
        {.kind = MtuFix::Kind::anyconnect_mtu,
         .commands = policy_lines(group_.group_policy, fmt::format("anyconnect mtu {}", cap)),
         .effect = std::move(effect)});
  }

  // The smallest that does, since TLS should not take more than the adapter does either.
  void try_tcpmss() {
    if (now_.tcpmss == 0) return;  // no limit
    unsigned high = 0;
    for (const Way& way : ways_)
      high = std::max(high, way.interface->mtu);
    if (high <= now_.tcpmss + kTcpHeaders4) return;
    high -= kTcpHeaders4;
    Setting then = now_;
    const auto enough = [&](unsigned mss) {
      then.tcpmss = mss;
      return !any_suffers(worst_cases(ways_, then));
    };
    if (!enough(high)) return;
    // A larger MSS never makes a TLS MTU smaller.
    for (unsigned low = now_.tcpmss; high - low > 1;) {
      const unsigned middle = low + (high - low) / 2;
      (enough(middle) ? high : low) = middle;
    }
    then.tcpmss = high;
    // How far TLS then is above DTLS, at most.
    Mtus most;
    for (const Way& way : ways_) {
      Mtus mtus = announced_mtus(inputs(way, then));
      if (most.tls == 0 || gap(mtus) < gap(most)) most = std::move(mtus);
    }
    std::string effect =
        fmt::format("For the whole box: TLS then takes {} bytes and DTLS {}: no reconnect.",
                    most.tls, most.dtls);
    if (most.tls > most.dtls) {
      effect += fmt::format(
          " UDP packets of {} to {} bytes go to the client and are too large for its adapter, "
          "which may drop them (the note's caveat).",
          most.dtls + 1, most.tls);
    }
    out_.push_back({.kind = MtuFix::Kind::tcpmss,
                    .commands = {fmt::format("sysopt connection tcpmss {}", high)},
                    .effect = std::move(effect)});
  }

  void tls_only() {
    out_.push_back(
        {.kind = MtuFix::Kind::tls_only,
         .commands = policy_lines(group_.group_policy, "anyconnect ssl dtls none"),
         .effect = fmt::format("The adapter has the MTU of TLS, {}, from the start: no reconnect. "
                               "For a group of those whose path blocks DTLS, as it gives it up.",
                               group_.worst().mtus.tls)});
  }

  void df_bit_ignore() {
    out_.push_back(
        {.kind = MtuFix::Kind::df_bit_ignore,
         .commands = policy_lines(group_.group_policy, "anyconnect ssl df-bit-ignore enable"),
         .reconnects = true,
         .effect = "IPv4 packets that are too large are fragmented instead of dropped. Clients "
                   "still reconnect after a minute."});
  }

  void smart_fallback() {
    out_.push_back(
        {.kind = MtuFix::Kind::smart_fallback,
         .commands = policy_lines(group_.group_policy, "anyconnect dtls-fallback smart"),
         .reconnects = true,
         .effect = "While DTLS is not there, TCP inside the tunnel is told the MSS that TLS takes, "
                   "and IPv4 packets that are too large are fragmented. Clients still reconnect "
                   "after a minute."});
  }

  const std::vector<Way>& ways_;
  Setting now_;
  const GroupMtuAdvice& group_;
  std::vector<MtuFix> out_;
};

// Who leads to which policy.
std::map<std::string, GroupMtuAdvice> policies_in_use(const Config& config) {
  std::map<std::string, GroupMtuAdvice> out;
  const auto at = [&](const std::string& wanted) -> GroupMtuAdvice& {
    const std::string name = resolve_policy(config, wanted).name;
    out[name].group_policy = name;
    return out[name];
  };
  // A server may name any of them.
  for (const auto& [name, policy] : config.group_policies) {
    if (name != "DfltGrpPolicy") at(name);
  }
  for (const auto& [name, group] : config.tunnel_groups)
    at(group.default_group_policy).tunnel_groups.push_back(name);
  for (const auto& [name, user] : config.users) {
    if (user.group_policy) at(*user.group_policy).users.push_back(name);
  }
  return out;
}

}  // namespace

std::string_view to_string(MtuVerdict verdict) noexcept {
  switch (verdict) {
    case MtuVerdict::unaffected: return "unaffected";
    case MtuVerdict::reconnects: return "reconnects";
    case MtuVerdict::suffers: break;
  }
  return "suffers";
}

const MtuCase& GroupMtuAdvice::worst() const noexcept {
  return *std::max_element(cases.begin(), cases.end(), [](const MtuCase& a, const MtuCase& b) {
    return gap(a.mtus) < gap(b.mtus);
  });
}

std::vector<GroupMtuAdvice> mtu_advice(const Config& config) {
  const std::vector<Way> ways = ways_in(config);
  std::vector<GroupMtuAdvice> out;
  for (auto& [name, group] : policies_in_use(config)) {
    const Policy policy = resolve_policy(config, name);
    const Setting now{policy.mtu_accounting, policy.anyconnect_mtu, config.tcpmss};
    group.dtls = policy.dtls;
    group.df_bit_ignore = policy.df_bit_ignore;
    group.smart_fallback = policy.smart_fallback;
    group.cases = worst_cases(ways, now);
    if (group.dtls && any_suffers(group.cases)) {
      group.verdict = policy.df_bit_ignore || policy.smart_fallback ? MtuVerdict::reconnects
                                                                    : MtuVerdict::suffers;
      group.fixes = Remedies(ways, now, group).find();
    }
    out.push_back(std::move(group));
  }
  return out;
}

}  // namespace culvert::control
