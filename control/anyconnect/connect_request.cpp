// The X-CSTP- headers of a CONNECT.
#include "control/anyconnect/connect_request.hpp"

#include <algorithm>
#include <charconv>

#include "control/anyconnect/client_text.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxAddresses = 4;

std::optional<unsigned> number(std::string_view text, unsigned low, unsigned high) noexcept {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < low || value > high) return std::nullopt;
  return value;
}

// RFC 1123 §2.1, with the underscore that Windows allows. It is echoed, so nothing else may be in
// it.
bool is_hostname(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

// 48 bytes in hex, or nothing.
void take_master_secret(std::string_view text, crypto::Secret<48>& secret) noexcept {
  constexpr size_t kSize = 48;
  if (text.size() != 2 * kSize) return;
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return 0x100;
  };
  unsigned wrong = 0;
  const auto bytes = secret.reserve(kSize);
  for (size_t i = 0; i < kSize; i++) {
    const unsigned value = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
    wrong |= value >> 8;
    bytes[i] = static_cast<uint8_t>(value);
  }
  if (wrong != 0) secret.assign({});
}

}  // namespace

bool is_tunnel_path(std::string_view path) noexcept {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path == "CSCOSSLC/tunnel";
}

ConnectRequest parse_connect(const http::Request& request) {
  ConnectRequest out;
  out.cookie = request.cookie("webvpn");
  out.base_mtu = number(request.header("X-CSTP-Base-MTU"), 576, 65535);
  out.mtu = number(request.header("X-CSTP-MTU"), 256, 65535);
  if (const auto name = request.header("X-CSTP-Hostname"); is_hostname(name)) out.hostname = name;
  for (const auto& [name, value] : request.headers) {
    if (name != "X-CSTP-Address" || out.addresses.size() == kMaxAddresses) continue;
    if (const auto address = IpAddress::parse(value)) out.addresses.push_back(*address);
  }
  const auto types = request.header("X-CSTP-Address-Type");
  out.wants_ipv4 = types.empty() || types.find("IPv4") != std::string_view::npos;
  out.wants_ipv6 = types.find("IPv6") != std::string_view::npos &&
                   request.header("X-CSTP-Full-IPv6-Capability") == "true";
  if (!out.wants_ipv6) out.wants_ipv4 = true;
  out.dtls.suites = request.header("X-DTLS-CipherSuite");
  out.dtls.suites12 = request.header("X-DTLS12-CipherSuite");
  take_master_secret(request.header("X-DTLS-Master-Secret"), out.dtls_master);
  out.dtls.has_master_secret = !out.dtls_master.empty();
  out.user_agent = client_text(request.header("User-Agent").substr(0, kMaxUserAgent));
  return out;
}

}  // namespace culvert::control
