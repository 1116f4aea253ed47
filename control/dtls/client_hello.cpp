// Reads a record header, a handshake header and the first fields of a ClientHello.
#include "control/dtls/client_hello.hpp"

#include "control/dtls/cursor.hpp"
#include "control/dtls/wire_format.hpp"
#include "crypto/record/format.hpp"

namespace culvert::control {
namespace {

constexpr uint8_t kClientHello = 1;
constexpr size_t kRecordHeader = 13;  // RFC 6347 §4.1
constexpr size_t kRandom = 32;
constexpr size_t kMaxSessionId = 32;

}  // namespace

std::optional<ClientHello> parse_client_hello(std::span<const uint8_t> datagram) noexcept {
  if (datagram.size() < kRecordHeader + kMessageHeader) return std::nullopt;
  const uint8_t* record = datagram.data();
  // 0xfeff and 0xfefd; clients differ in which they write into the first record's header.
  const bool standard = record[1] == 0xfe;
  const bool legacy = load_be<uint16_t>(record + 1) == crypto::record::kDtls09WireVersion;
  if (record[0] != kHandshakeRecord || !(standard || legacy)) return std::nullopt;
  if (load_be<uint16_t>(record + 3) != 0) return std::nullopt;  // epoch
  const size_t size = load_be<uint16_t>(record + 11);
  if (size < kMessageHeader || size > datagram.size() - kRecordHeader) return std::nullopt;

  const uint8_t* message = record + kRecordHeader;
  const uint32_t fragment_offset = load24(message + 6);
  const uint32_t fragment_size = load24(message + 9);
  if (message[0] != kClientHello || fragment_offset != 0 || fragment_size > load24(message + 1) ||
      fragment_size > size - kMessageHeader) {
    return std::nullopt;
  }

  ClientHello hello;
  hello.record_sequence = datagram.subspan(3, 8);
  Cursor body({message + kMessageHeader, fragment_size});
  const auto version = body.take(2);
  hello.random = body.take(kRandom);
  hello.session_id = body.take_vector();
  hello.cookie = body.take_vector();
  if (!body.ok() || hello.session_id.size() > kMaxSessionId) return std::nullopt;
  hello.version = load_be<uint16_t>(version.data());
  return hello;
}

}  // namespace culvert::control
