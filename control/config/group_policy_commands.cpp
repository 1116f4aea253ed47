// Rows: group policies. A value that is not set is that of DfltGrpPolicy.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kDefaultPolicy = "DfltGrpPolicy";
constexpr size_t kMaxPolicyPools = 6;
constexpr size_t kMaxBanner = 4000;  // bytes; what AnyConnect shows

void add_policy(Draft& d, const Arguments& a) {
  const std::string name = a.text("name");
  d.config.group_policies.try_emplace(name, GroupPolicyConfig{.name = name});
}

void enter_policy(Draft& d, const Arguments& a) {
  d.object = a.text("name");
  if (!d.config.group_policies.contains(d.object)) {
    throw ArgumentError("name", "This group policy does not exist: enter \"group-policy " +
                                    quote(d.object) + " internal\" first");
  }
}

void remove_policy(Draft& d, const Arguments& a) {
  if (a.text("name") == kDefaultPolicy)
    throw ArgumentError("name", "DfltGrpPolicy cannot be removed");
  d.config.group_policies.erase(a.text("name"));
}

void show_policies(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, policy] : c.group_policies) {
    if (name != kDefaultPolicy) out.add("group-policy " + quote(name) + " internal");
    out.open("group-policy " + quote(name) + " attributes", name, true);
  }
}

void set_banner(Draft& d, const Arguments& a) {
  auto& banner = d.group_policy().banner;
  if (a.has("none")) {
    banner.emplace();
    return;
  }
  std::string text = a.text("text");
  text.erase(text.find_last_not_of(" \t") + 1);
  size_t total = text.size();
  if (banner) {
    for (const auto& line : *banner)
      total += line.size() + 1;
  }
  if (total > kMaxBanner) throw ArgumentError("text", "A banner holds at most 4000 bytes");
  if (!banner) banner.emplace();
  banner->push_back(std::move(text));
}

void set_pools(Draft& d, const Arguments& a) {
  const auto names = a.texts("pool");
  if (names.size() > kMaxPolicyPools)
    throw ArgumentError("pool", "A group policy has at most 6 address pools");
  d.group_policy().address_pools = names;
  d.note("policy-pools/" + d.object, a, "pool");
}

void set_ipv6_pools(Draft& d, const Arguments& a) {
  const auto names = a.texts("pool");
  if (names.size() > kMaxPolicyPools)
    throw ArgumentError("pool", "A group policy has at most 6 IPv6 address pools");
  d.group_policy().ipv6_address_pools = names;
  d.note("policy-pools6/" + d.object, a, "pool");
}

void set_dns(Draft& d, const Arguments& a) {
  std::vector<IpAddress> servers;
  for (const Argument& word : a) {
    if (word.name == "server") servers.push_back(*IpAddress::parse(word.text));
  }
  d.group_policy().dns_servers = std::move(servers);
}

// "none" or a list.
template <typename List, typename Text>
std::string value_or_none(const List& list, Text text) {
  if (list.empty()) return " none";
  std::string out = " value";
  for (const auto& element : list)
    out += " " + text(element);
  return out;
}

std::string minutes(unsigned n) {
  return n == 0 ? "none" : std::to_string(n);
}

void show_policy(const Config& c, const std::string& object, Lines& out) {
  const GroupPolicyConfig& p = c.group_policies.at(object);
  if (p.banner) {
    if (p.banner->empty()) out.add("banner none");
    for (const auto& line : *p.banner)
      out.add("banner value " + line);
  }
  if (p.dns_servers) {
    out.add("dns-server" +
            value_or_none(*p.dns_servers, [](const IpAddress& a) { return a.to_string(); }));
  }
  if (p.simultaneous_logins)
    out.add("vpn-simultaneous-logins " + std::to_string(*p.simultaneous_logins));
  if (p.idle_timeout_min) out.add("vpn-idle-timeout " + minutes(*p.idle_timeout_min));
  if (p.session_timeout_min) out.add("vpn-session-timeout " + minutes(*p.session_timeout_min));
  if (p.default_domain) {
    out.add("default-domain " +
            (p.default_domain->empty() ? "none" : "value " + quote(*p.default_domain)));
  }
  if (p.address_pools) out.add("address-pools" + value_or_none(*p.address_pools, quote));
  if (p.ipv6_address_pools)
    out.add("ipv6-address-pools" + value_or_none(*p.ipv6_address_pools, quote));
}

std::string_view text(RekeyMethod method) noexcept {
  switch (method) {
    case RekeyMethod::none: break;
    case RekeyMethod::ssl: return "ssl";
    case RekeyMethod::new_tunnel: return "new-tunnel";
  }
  return "none";
}

void show_policy_webvpn(const Config& c, const std::string& object, Lines& out) {
  const GroupPolicyConfig& p = c.group_policies.at(object);
  const auto enabled = [](bool on) { return on ? " enable" : " none"; };
  if (p.dtls) out.add(std::string("anyconnect ssl dtls") + enabled(*p.dtls));
  if (p.anyconnect_mtu) out.add("anyconnect mtu " + std::to_string(*p.anyconnect_mtu));
  if (p.mtu_accounting)
    out.add("anyconnect mtu-accounting " + std::string(to_string(*p.mtu_accounting)));
  if (p.df_bit_ignore)
    out.add(std::string("anyconnect ssl df-bit-ignore") + enabled(*p.df_bit_ignore));
  if (p.smart_fallback) {
    out.add(std::string("anyconnect dtls-fallback ") +
            (*p.smart_fallback ? "smart" : "documented"));
  }
  if (p.keepalive_s) out.add("anyconnect ssl keepalive " + minutes(*p.keepalive_s));
  if (p.rekey_min) out.add("anyconnect ssl rekey time " + minutes(*p.rekey_min));
  if (p.rekey_method) out.add("anyconnect ssl rekey method " + std::string(text(*p.rekey_method)));
  if (p.dpd_client_s) out.add("anyconnect dpd-interval client " + minutes(*p.dpd_client_s));
  if (p.dpd_gateway_s) out.add("anyconnect dpd-interval gateway " + minutes(*p.dpd_gateway_s));
}

const std::array kGroupPolicy = {
    Command{.syntax = "group-policy <name:word> internal",
            .help = "Make a group policy",
            .set = add_policy,
            .no_syntax = "group-policy <name:word> [internal]",
            .unset = remove_policy},
    Command{.syntax = "group-policy <name:word> attributes",
            .help = "What sessions of a group policy get",
            .set = enter_policy,
            .no_syntax = "group-policy <name:word> attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_policy(d, a);
                  d.group_policy() = {.name = d.object};
                },
            .show = show_policies,
            .enters = Mode::group_policy},
    Command{.mode = Mode::group_policy,
            .syntax = "banner {value <text:line> | none}",
            .help = "Text that users see when they log in; repeat it for more lines",
            .set = set_banner,
            .no_syntax = "banner [none | value <text:line>]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().banner.reset(); },
            .show = show_policy},
    Command{.mode = Mode::group_policy,
            .syntax = "dns-server {value <server:ip> [<server:ip>] | none}",
            .help = "Name servers of clients",
            .set = set_dns,
            .no_syntax = "dns-server [none | value <server:ip> [<server:ip>]]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().dns_servers.reset(); }},
    Command{
        .mode = Mode::group_policy,
        .syntax = "vpn-simultaneous-logins <count:0-2147483647>",
        .help = "Sessions that one user may have (default 3; 0: nobody can log in)",
        .set = [](Draft& d,
                  const Arguments& a) { d.group_policy().simultaneous_logins = a.number("count"); },
        .no_syntax = "vpn-simultaneous-logins [<count:0-2147483647>]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().simultaneous_logins.reset(); }},
    Command{
        .mode = Mode::group_policy,
        .syntax = "vpn-idle-timeout {<minutes:1-35791394> | none}",
        .help = "Time without data after which a session ends (default 30)",
        .set = [](Draft& d,
                  const Arguments& a) { d.group_policy().idle_timeout_min = a.number("minutes"); },
        .no_syntax = "vpn-idle-timeout [<minutes:1-35791394> | none]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().idle_timeout_min.reset(); }},
    Command{
        .mode = Mode::group_policy,
        .syntax = "vpn-session-timeout {<minutes:1-35791394> | none}",
        .help = "Longest time that a session may last (default none)",
        .set =
            [](Draft& d, const Arguments& a) {
              d.group_policy().session_timeout_min = a.number("minutes");
            },
        .no_syntax = "vpn-session-timeout [<minutes:1-35791394> | none]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().session_timeout_min.reset(); }},
    Command{.mode = Mode::group_policy,
            .syntax = "default-domain {value <domain:word> | none}",
            .help = "Domain that clients search",
            .set = [](Draft& d,
                      const Arguments& a) { d.group_policy().default_domain = a.text("domain"); },
            .no_syntax = "default-domain [none | value <domain:word>]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().default_domain.reset(); }},
    Command{.mode = Mode::group_policy,
            .syntax = "address-pools {value <pool:word>... | none}",
            .help = "Pools that clients get an address from, in this order; at most 6",
            .set = set_pools,
            .no_syntax = "address-pools [none | value <pool:word>...]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().address_pools.reset(); }},
    Command{
        .mode = Mode::group_policy,
        .syntax = "ipv6-address-pools {value <pool:word>... | none}",
        .help = "Pools that clients get an IPv6 address from, in this order; at most 6",
        .set = set_ipv6_pools,
        .no_syntax = "ipv6-address-pools [none | value <pool:word>...]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().ipv6_address_pools.reset(); }},
    Command{.mode = Mode::group_policy,
            .syntax = "webvpn",
            .help = "What concerns the tunnel",
            .set = [](Draft&, const Arguments&) {},
            .show = [](const Config&, const std::string& object,
                       Lines& out) { out.open("webvpn", object, true); },
            .enters = Mode::group_policy_webvpn},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect ssl dtls {enable | none}",
            .help = "Whether clients may use DTLS (default enable)",
            .set = [](Draft& d, const Arguments& a) { d.group_policy().dtls = a.has("enable"); },
            .no_syntax = "anyconnect ssl dtls [enable | none]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().dtls.reset(); },
            .show = show_policy_webvpn},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect mtu <bytes:576-1462>",
            .help = "Largest inner packet (default: what fits)",
            .set = [](Draft& d,
                      const Arguments& a) { d.group_policy().anyconnect_mtu = a.number("bytes"); },
            .no_syntax = "anyconnect mtu [<bytes:576-1462>]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().anyconnect_mtu.reset(); }},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect mtu-accounting {documented | asa | exact}",
            .help = "How the announced MTUs are computed: as Cisco's note 116881, as an ASA with "
                    "the negotiated cipher, or what exactly fits (default documented)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.group_policy().mtu_accounting = a.has("documented") ? Accounting::documented
                                                    : a.has("asa")      ? Accounting::asa
                                                                        : Accounting::exact;
                },
            .no_syntax = "anyconnect mtu-accounting [documented | asa | exact]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().mtu_accounting.reset(); }},
    Command{
        .mode = Mode::group_policy_webvpn,
        .syntax = "anyconnect ssl df-bit-ignore {enable | none}",
        .help = "Fragment inner packets that are too large even if they must not be (default none)",
        .set = [](Draft& d,
                  const Arguments& a) { d.group_policy().df_bit_ignore = a.has("enable"); },
        .no_syntax = "anyconnect ssl df-bit-ignore [enable | none]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().df_bit_ignore.reset(); }},
    Command{
        .mode = Mode::group_policy_webvpn,
        .syntax = "anyconnect dtls-fallback {documented | smart}",
        .help =
            "What becomes of packets that fit the client's adapter and not the tunnel that carries "
            "them, because there is no DTLS: what Cisco documents, or nothing is lost even where "
            "ICMP is blocked: TCP is told of the tunnel's MTU in its SYNs, IPv4 is fragmented "
            "despite DF, IPv6 goes whole (default documented)",
        .set = [](Draft& d,
                  const Arguments& a) { d.group_policy().smart_fallback = a.has("smart"); },
        .no_syntax = "anyconnect dtls-fallback [documented | smart]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().smart_fallback.reset(); }},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect ssl keepalive {<seconds:15-600> | none}",
            .help = "Interval of keepalives from the client (default 20)",
            .set = [](Draft& d,
                      const Arguments& a) { d.group_policy().keepalive_s = a.number("seconds"); },
            .no_syntax = "anyconnect ssl keepalive [<seconds:15-600> | none]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().keepalive_s.reset(); }},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect ssl rekey time {<minutes:1-10080> | none}",
            .help = "How often clients renew the keys of their TLS tunnel (default none)",
            .set = [](Draft& d,
                      const Arguments& a) { d.group_policy().rekey_min = a.number("minutes"); },
            .no_syntax = "anyconnect ssl rekey time [<minutes:1-10080> | none]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().rekey_min.reset(); }},
    Command{
        .mode = Mode::group_policy_webvpn,
        .syntax = "anyconnect ssl rekey method {ssl | new-tunnel | none}",
        .help = "How: within the tunnel (TLS 1.3; with TLS 1.2 by a new one), by a new tunnel, or "
                "not at all (default none)",
        .set =
            [](Draft& d, const Arguments& a) {
              d.group_policy().rekey_method = a.has("new-tunnel") ? RekeyMethod::new_tunnel
                                              : a.has("none")     ? RekeyMethod::none
                                                                  : RekeyMethod::ssl;
            },
        .no_syntax = "anyconnect ssl rekey method [ssl | new-tunnel | none]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().rekey_method.reset(); }},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect dpd-interval {gateway | client} {<seconds:5-3600> | none}",
            .help = "Dead peer detection, by this box or by the client (default 30)",
            .set =
                [](Draft& d, const Arguments& a) {
                  auto& p = d.group_policy();
                  (a.has("client") ? p.dpd_client_s : p.dpd_gateway_s) = a.number("seconds");
                },
            .no_syntax = "anyconnect dpd-interval {gateway | client} [<seconds:5-3600> | none]",
            .unset =
                [](Draft& d, const Arguments& a) {
                  auto& p = d.group_policy();
                  (a.has("client") ? p.dpd_client_s : p.dpd_gateway_s).reset();
                }},
};

}  // namespace

std::span<const Command> group_policy_commands() {
  return kGroupPolicy;
}

}  // namespace culvert::control
