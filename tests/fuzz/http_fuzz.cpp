// Hostile HTTP requests against the parser and the readers of what it lets through.
//
// Input: size of the first piece (one byte), then plaintext. Checked: the same bytes in one piece
// and in two give the same verdict and the same request; limits hold; header names and values have
// no line ends.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/anyconnect/client_files.hpp"
#include "control/anyconnect/connect_request.hpp"
#include "control/http/form.hpp"
#include "control/http/request_parser.hpp"

using namespace culvert::control;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

void check(const http::Request& request) {
  require(request.body.size() <= http::kMaxBody);
  require(request.headers.size() <= http::kMaxFields);
  for (const auto& [name, value] : request.headers) {
    require(name.find_first_of("\r\n") == name.npos);
    require(value.find_first_of("\r\n") == value.npos);
  }
  const ConnectRequest connect = parse_connect(request);
  static const ClientProfiles profiles{{"p", {"p.xml", "AB", "x"}}};
  (void)client_file(request.path(), profiles);
  require(!connect.base_mtu || *connect.base_mtu >= 576);
  (void)http::parse_form(request.body, [](std::string_view name, std::string_view value) {
    require(name.size() <= 1024 && value.size() <= 1024);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t cut = std::min<size_t>(data[0], text.size());

  http::RequestParser whole;
  http::RequestParser pieces;
  (void)whole.feed(text);
  (void)pieces.feed(text.substr(0, cut));
  (void)pieces.feed(text.substr(cut));
  require(whole.state() == pieces.state());
  if (whole.state() != http::RequestParser::State::complete) return 0;
  const http::Request one = whole.take();
  const http::Request two = pieces.take();
  require(one.method == two.method && one.target == two.target && one.body == two.body);
  require(one.headers == two.headers);
  check(one);
  return 0;
}
