#include "control/radius/attributes.hpp"

#include <algorithm>
#include <array>

namespace culvert::control::radius {
namespace {

constexpr uint32_t kFramed = 2;      // Service-Type
constexpr uint32_t kVirtual = 5;     // NAS-Port-Type
constexpr uint32_t kVpn3000 = 3076;  // vendor of the ASA's own attributes
constexpr uint8_t kTunnelGroupName = 146;
constexpr size_t kMaxClasses = 8;              // so that a request always has room for them
constexpr size_t kMaxMessage = 512;            // bytes that a form shows
constexpr uint32_t kUserChooses = 0xffffffff;  // RFC 2865 §5.8
constexpr uint32_t kNasChooses = 0xfffffffe;
constexpr unsigned kShortestInterim = 60;  // seconds, RFC 2869 §5.16

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

Attributes describe(const Config& config, const Subject& subject) {
  Attributes a;
  a.text(Type::user_name, subject.user);
  a.text(Type::nas_identifier, config.hostname);
  a.integer(Type::nas_port_type, kVirtual);
  a.integer(Type::service_type, kFramed);
  if (!subject.headend.is_unspecified())
    a.text(Type::called_station_id, subject.headend.to_string());
  a.text(Type::calling_station_id, subject.client.to_string());
  a.text(Type::tunnel_client_endpoint, subject.client.to_string());
  a.vendor_text(kVpn3000, kTunnelGroupName, subject.tunnel_group);
  return a;
}

std::string policy_of_class(std::string_view value) {
  if (value.starts_with("OU=") || value.starts_with("ou=")) {
    value.remove_prefix(3);
    value = value.substr(0, value.find(';'));
  }
  return printable(value) ? std::string(value) : std::string();
}

AuthAttributes session_attributes(const Attributes& answer) {
  AuthAttributes out;
  out.verified_by = VerifiedBy::server;
  for (const Attribute& a : answer.all()) {
    const auto number = a.integer();
    switch (a.type) {
      case Type::framed_ip_address:
        if (number && *number != kUserChooses && *number != kNasChooses && *number != 0)
          out.framed_address = IpAddress::v4(*number);
        break;
      case Type::framed_ipv6_address:
        if (std::array<uint8_t, 16> bytes{}; a.value.size() == bytes.size()) {
          std::ranges::copy(a.value, bytes.begin());
          out.framed_address6 = IpAddress::v6(bytes);
        }
        break;
      case Type::framed_ip_netmask:
        if (number) out.framed_netmask = *number;
        break;
      case Type::klass: {
        if (out.classes.size() < kMaxClasses) out.classes.emplace_back(a.text());
        const std::string policy = policy_of_class(a.text());
        if (!out.group_policy && !policy.empty()) out.group_policy = policy;
        break;
      }
      case Type::session_timeout:
        if (number) out.session_timeout_s = *number;
        break;
      case Type::idle_timeout:
        if (number) out.idle_timeout_s = *number;
        break;
      case Type::acct_interim_interval:
        if (number) out.interim_interval_s = std::max(*number, kShortestInterim);
        break;
      default: break;
    }
  }
  return out;
}

std::string reply_message(const Attributes& answer) {
  std::string out;
  for (const Attribute& a : answer.all()) {
    if (a.type != Type::reply_message) continue;
    if (!out.empty()) out += ' ';
    out += a.text();
  }
  out.resize(std::min(out.size(), kMaxMessage));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace culvert::control::radius
