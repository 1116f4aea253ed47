#include "tools/culvert-client/reply.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <strings.h>

namespace culvert::client {

namespace {

namespace beast = boost::beast::http;
using Wiping = control::http::WipingAllocator<char>;
using Body = beast::basic_string_body<char, std::char_traits<char>, Wiping>;
constexpr uint32_t kMaxHeader = 16 * 1024;
constexpr uint64_t kMaxBody = 256 * 1024;

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

struct ReplyReader::Parser {
  beast::response_parser<Body, Wiping> beast;
};

ReplyReader::ReplyReader() = default;
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::expect(bool tunnel) {
  parser_ = std::make_unique<Parser>();
  parser_->beast.header_limit(kMaxHeader);
  parser_->beast.body_limit(kMaxBody);
  parser_->beast.eager(!tunnel);
  tunnel_ = tunnel;
}

std::optional<Reply> ReplyReader::read(control::http::WipingString& bytes) {
  if (parser_ == nullptr) {
    if (!bytes.empty()) problem_ = "the headend said more than it was asked for";
    return std::nullopt;
  }
  auto& parser = parser_->beast;
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::buffer(bytes), error);
  bytes.erase(0, used);
  if (error && error != beast::error::need_more) {
    problem_ = "the headend's reply is no HTTP: " + error.message();
    return std::nullopt;
  }
  if (!(tunnel_ ? parser.is_header_done() : parser.is_done())) return std::nullopt;
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
  parser_.reset();
  return out;
}

}  // namespace culvert::client
