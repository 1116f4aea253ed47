// The X-CSTP- headers of a CONNECT.
#include "control/anyconnect/connect_request.hpp"

#include <algorithm>
#include <charconv>

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
  out.user_agent = request.header("User-Agent").substr(0, kMaxUserAgent);
  return out;
}

}  // namespace culvert::control
