#include "tools/culvert-client/http.hpp"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>
#include <strings.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

namespace beast = boost::beast::http;

constexpr size_t kMaxHeader = 16 * 1024;
constexpr size_t kMaxBody = 256 * 1024;

}  // namespace

std::string_view Reply::header(std::string_view name) const noexcept {
  for (const auto& [each, value] : headers) {
    if (each.size() == name.size() && strncasecmp(each.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return {};
}

std::string_view Reply::cookie(std::string_view name) const noexcept {
  for (const auto& [each, value] : headers) {
    if (strcasecmp(each.c_str(), "Set-Cookie") != 0) continue;
    std::string_view text = value;
    text = text.substr(0, text.find(';'));
    if (text.size() <= name.size() || !text.starts_with(name) || text[name.size()] != '=') continue;
    text.remove_prefix(name.size() + 1);
    if (!text.empty()) return text;
  }
  return {};
}

Reply exchange(TlsStream& tls, const control::http::WipingString& request, bool tunnel,
               Signals& signals, Clock::time_point deadline) {
  tls.write_all(request, signals, deadline);
  using Wiping = control::http::WipingAllocator<char>;
  using Body = beast::basic_string_body<char, std::char_traits<char>, Wiping>;
  beast::response_parser<Body, Wiping> parser;
  parser.header_limit(kMaxHeader);
  parser.body_limit(kMaxBody);
  parser.eager(!tunnel);
  control::http::WipingString bytes;
  std::array<uint8_t, 16 * 1024> room{};
  const auto enough = [&] { return tunnel ? parser.is_header_done() : parser.is_done(); };
  while (!enough()) {
    const size_t n = tls.read_some(room, signals, deadline, "the headend's reply");
    bytes.append(reinterpret_cast<const char*>(room.data()), n);
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::buffer(bytes), error);
    bytes.erase(0, used);
    if (error && error != beast::error::need_more) {
      throw Failure("the headend's reply is no HTTP: " + error.message());
    }
  }
  if (!bytes.empty()) {
    if (tunnel && parser.get().result_int() != 200) bytes.clear();  // a refusal's text
    if (!bytes.empty()) throw Failure("the headend said more than it was asked for");
  }
  Reply out;
  out.status = parser.get().result_int();
  out.reason = std::string(parser.get().reason());
  out.keep_alive = parser.keep_alive();
  for (const auto& field : parser.get().base()) {
    const auto value = field.value();
    out.headers.emplace_back(std::string(field.name_string()),
                             control::http::WipingString(value.data(), value.size()));
  }
  out.body = std::move(parser.get().body());
  return out;
}

void append_urlencoded(control::http::WipingString& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace culvert::client
