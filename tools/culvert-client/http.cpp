#include "tools/culvert-client/http.hpp"

#include <array>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {

Reply exchange(TlsStream& tls, const control::http::WipingString& request, bool tunnel,
               Signals& signals, Clock::time_point deadline) {
  tls.write_all(request, signals, deadline);
  ReplyReader reader;
  reader.expect(tunnel);
  control::http::WipingString bytes;
  std::array<uint8_t, 16 * 1024> room{};
  while (true) {
    const size_t n = tls.read_some(room, signals, deadline, "the headend's reply");
    bytes.append(reinterpret_cast<const char*>(room.data()), n);
    std::optional<Reply> reply = reader.read(bytes);
    if (!reader.problem().empty()) throw Failure(reader.problem());
    if (!reply) continue;
    // A refusal's text may follow.
    if (!bytes.empty() && !(tunnel && reply->status != 200)) {
      throw Failure("the headend said more than it was asked for");
    }
    return std::move(*reply);
  }
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
