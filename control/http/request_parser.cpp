// Boost.Beast's HTTP/1.1 parser (RFC 9112) behind a stricter look at the header.
#include "control/http/request_parser.hpp"

#include <algorithm>
#include <iterator>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace culvert::control::http {
namespace {

namespace beast = boost::beast;

// A header as most are, on the first go.
constexpr size_t kReserve = 4 * 1024;
// Extensions of chunks are of no use to us, so a chunk's header is a few digits.
constexpr size_t kMaxChunkHeader = 1024;

// RFC 3986 §3.2.2, §3.2.3: a name, an IPv4 address or an IPv6 literal, and perhaps a port.
bool good_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > 261) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

bool all_digits(beast::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

unsigned status_of(const beast::error_code& code) noexcept {
  using beast::http::error;
  if (code == error::body_limit) return 413;
  if (code == error::header_limit) return 431;
  if (code == error::bad_version) return 505;
  return 400;
}

}  // namespace

struct RequestParser::Beast {
  Beast() {
    parser.header_limit(kMaxHeader);
    parser.body_limit(kMaxBody);
  }
  // Cookies are in the fields, passwords in the body: neither leaves a copy in freed memory.
  using Body = beast::http::basic_string_body<char, std::char_traits<char>, WipingAllocator<char>>;
  beast::http::request_parser<Body, WipingAllocator<char>> parser;
};

RequestParser::RequestParser() {
  header_.reserve(kReserve);
}

RequestParser::~RequestParser() {
  Request::wipe(header_);
  Request::wipe(piece_);
  if (beast_) Request::wipe(beast_->parser.get().body());
}

RequestParser::State RequestParser::refuse(unsigned status) noexcept {
  status_ = status;
  state_ = State::refused;
  return state_;
}

// RFC 9112 §2.2, §5.2: lines end in CRLF and nowhere else is there a CR or LF, no line is folded,
// there are no other control characters but HTAB (RFC 9110 §5.5).
bool RequestParser::look_at(size_t size) noexcept {
  for (; looked_at_ < size; looked_at_++) {
    const auto c = static_cast<unsigned char>(header_[looked_at_]);
    const char before = looked_at_ == 0 ? '\0' : header_[looked_at_ - 1];
    if (before == '\r') {
      if (c != '\n') return false;
    } else if (c == '\r') {
      request_line_ = std::min(request_line_, looked_at_);
    } else if (c == '\t' || c == ' ') {
      if (before == '\n') return false;
    } else if (c < 0x20 || c == 0x7f) {
      return false;
    }
  }
  return true;
}

RequestParser::State RequestParser::feed(std::string_view plaintext) {
  if (plaintext.empty() || state_ == State::refused) return state_;
  if (state_ == State::complete) return refuse(400);
  bytes_ += plaintext.size();
  if (beast_) {
    parse_body(plaintext);
    return state_;
  }
  // One byte more than allowed is enough to know that it is too long.
  const size_t old_size = header_.size();
  header_ += plaintext.substr(0, kMaxHeader + 1 - old_size);
  const size_t end = header_.find("\r\n\r\n", old_size < 3 ? 0 : old_size - 3);
  const bool whole = end != std::string::npos;
  const size_t header_size = whole ? end + 4 : header_.size();
  // What cannot become a request is refused at its first line, not after 30 seconds.
  if (!look_at(header_size)) return refuse(400);
  if (std::min(request_line_, header_size) > kMaxRequestLine) return refuse(414);
  if (header_size > kMaxHeader) return refuse(431);
  if (!whole) return state_;
  parse_header(header_size);
  const size_t used = header_size - old_size;
  if (state_ != State::refused && used < plaintext.size()) {
    if (state_ == State::complete) return refuse(400);
    parse_body(plaintext.substr(used));
  }
  return state_;
}

void RequestParser::parse_header(size_t header_size) {
  const std::string_view header = std::string_view(header_).substr(0, header_size);
  beast_ = std::make_unique<Beast>();
  auto& parser = beast_->parser;
  beast::error_code error;
  parser.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error == beast::http::error::need_more) error = {};
  if (error) {
    refuse(status_of(error));
    return;
  }
  if (!parser.is_header_done()) {  // empty lines and nothing else
    refuse(400);
    return;
  }
  const auto& fields = parser.get();
  const auto count = [&](beast::http::field name) { return fields.count(name); };
  const size_t hosts = count(beast::http::field::host);
  if (hosts > 1 || (hosts == 0 && fields.version() == 11)) {
    refuse(400);
  } else if (hosts == 1 && !good_host({fields[beast::http::field::host].data(),
                                       fields[beast::http::field::host].size()})) {
    refuse(400);
  } else if (std::distance(fields.begin(), fields.end()) > static_cast<long>(kMaxFields)) {
    refuse(431);
  } else if (count(beast::http::field::transfer_encoding) != 0 &&
             (count(beast::http::field::transfer_encoding) > 1 ||
              !beast::iequals(fields[beast::http::field::transfer_encoding], "chunked"))) {
    refuse(501);
  } else if (count(beast::http::field::transfer_encoding) != 0 &&
             (count(beast::http::field::content_length) != 0 || fields.version() == 10)) {
    refuse(400);  // RFC 9112 §6.1: the classic way to smuggle
  } else if (count(beast::http::field::content_length) > 1 ||
             !all_digits(fields[beast::http::field::content_length])) {
    refuse(400);  // Beast takes "5, 5"
  } else if (count(beast::http::field::expect) != 0) {
    refuse(417);
  } else if (parser.is_done()) {
    state_ = State::complete;
  }
}

// Beast leaves a chunk's header to the caller until it is whole; such a piece waits in `piece_`.
void RequestParser::parse_body(std::string_view bytes) {
  auto& parser = beast_->parser;
  WipingString joined;
  if (!piece_.empty()) {
    joined = piece_;
    joined += bytes;
    bytes = joined;
    Request::wipe(piece_);
    piece_.clear();
  }
  while (!bytes.empty() && !parser.is_done()) {
    beast::error_code error;
    const size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == beast::http::error::need_more) break;
    if (error) {
      refuse(status_of(error));
      break;
    }
  }
  if (parser.is_done()) {
    if (state_ != State::refused) state_ = State::complete;
    if (!bytes.empty()) refuse(400);
  } else if (state_ != State::refused) {
    piece_ = bytes;
    if (piece_.size() > kMaxChunkHeader) refuse(400);
  }
  Request::wipe(joined);
}

Request RequestParser::take() {
  Request request;
  auto message = beast_->parser.release();
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  request.method = text(message.method_string());
  request.target = text(message.target());
  request.keep_alive = message.keep_alive();
  for (const auto& field : message)
    request.headers.emplace_back(text(field.name_string()), text(field.value()));
  request.body.assign(message.body());
  Request::wipe(message.body());
  Request::wipe(header_);
  header_.clear();
  looked_at_ = 0;
  request_line_ = std::string_view::npos;
  beast_.reset();
  bytes_ = 0;
  state_ = State::more;
  return request;
}

}  // namespace culvert::control::http
