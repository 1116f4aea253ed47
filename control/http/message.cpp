// Looking into requests, and the reply writer.
#include "control/http/message.hpp"

#include <iterator>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "control/http/wiping_allocator.hpp"

namespace culvert::control::http {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view phrase(const Reply& reply) {
  if (!reply.reason.empty()) return reply.reason;
  const auto text =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(reply.status));
  return {text.data(), text.size()};
}

}  // namespace

std::string_view Request::header(std::string_view name) const noexcept {
  for (const auto& [n, value] : headers) {
    if (same_name(n, name)) return value;
  }
  return {};
}

std::string_view Request::path() const noexcept {
  const std::string_view all(target);
  return all.substr(0, all.find('?'));
}

// RFC 6265 §4.2.1.
std::string_view Request::cookie(std::string_view name) const noexcept {
  for (const auto& [n, line] : headers) {
    if (!same_name(n, "Cookie")) continue;
    std::string_view rest(line);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (pair.starts_with(' '))
        pair.remove_prefix(1);
      const size_t equals = pair.find('=');
      if (equals != pair.npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return {};
}

std::string to_text(const Reply& reply) {
  WipingString out;
  const auto at = std::back_inserter(out);
  fmt::format_to(at, "HTTP/1.1 {} {}\r\n", reply.status, phrase(reply));
  fmt::format_to(at, "Connection: {}\r\n", reply.close ? "close" : "Keep-Alive");
  if (!reply.content_type.empty()) fmt::format_to(at, "Content-Type: {}\r\n", reply.content_type);
  fmt::format_to(at, "Content-Length: {}\r\n", reply.body.size());
  // Every reply names the protocol; clients take one without it for a captive portal's.
  out += "X-Transcend-Version: 1\r\n";
  // Nothing here is to be cached, framed, sniffed or indexed by a browser that finds its way to us.
  out +=
      "Cache-Control: no-store\r\n"
      "Pragma: no-cache\r\n"
      "Strict-Transport-Security: max-age=31536000\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\n"
      "Content-Security-Policy: default-src 'none'\r\n"
      "Referrer-Policy: no-referrer\r\n";
  // Appended, since fmt would leave a cookie in a buffer of its own.
  for (const auto& [name, value] : reply.headers)
    ((((out += name) += ": ") += value) += "\r\n");
  out += "\r\n";
  out += reply.body;
  return std::string(out);
}

Reply xml_document(std::string body) {
  Reply reply;
  reply.content_type = "text/xml; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

Reply refusal(unsigned status) {
  Reply reply;
  reply.status = status;
  reply.close = true;
  return reply;
}

}  // namespace culvert::control::http
