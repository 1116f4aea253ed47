// The 5 bytes in front of a TLS record, read from a TCP stream that may hold only some of them.
#pragma once

#include "crypto/record/format.hpp"
#include "dataplane/tcp/endpoint.hpp"

namespace culvert::cstp {

struct RecordHeader {
  enum class State : uint8_t { incomplete, malformed, ok };
  State state = State::incomplete;
  uint32_t size = 0;  // whole record, header included
};

// Rejects a content type that does not exist, a major version other than 3 and a length beyond RFC
// 5246 §6.2.3's limit before any of the record has to arrive.
[[nodiscard]] inline RecordHeader check_record_header(const crypto::record::Header& h) noexcept {
  using crypto::record::ContentType;
  const bool known_type = h.type >= static_cast<uint8_t>(ContentType::change_cipher_spec) &&
                          h.type <= static_cast<uint8_t>(ContentType::application_data);
  const uint16_t version = h.version;
  const uint16_t length = h.length;
  if (!known_type || (version >> 8) != 3 || length > crypto::record::kMaxCiphertext12 ||
      length == 0) {
    return {RecordHeader::State::malformed, 0};
  }
  return {RecordHeader::State::ok, crypto::record::kHeaderSize + length};
}

[[nodiscard]] inline RecordHeader peek_record_header(const tcp::Endpoint& tcp, dp::ConnId conn,
                                                     uint32_t offset) noexcept {
  crypto::record::Header h;
  if (tcp.peek(conn, offset, &h, sizeof h) < sizeof h) return {};
  return check_record_header(h);
}

}  // namespace culvert::cstp
