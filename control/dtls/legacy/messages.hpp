// The messages of Cisco's DTLS from before the standard ("0.9", version 0x0100), of which OpenSSL has
// the client's side only (DTLS1_BAD_VER). They are those of RFC 6347 with the versions and, in
// ChangeCipherSpec, a message number of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace culvert::control::legacy {

enum class MessageType : uint8_t { client_hello = 1, server_hello = 2, finished = 20 };

inline constexpr size_t kRandomSize = 32;

// RFC 6347 §4.2.2.
struct Message {
  uint8_t type = 0;
  uint16_t number = 0;  // message_seq
  std::span<const uint8_t> body;
};

// RFC 6347 §4.2.1, without the extensions, none of which changes what follows.
struct Hello {
  std::span<const uint8_t> random;      // 32 bytes
  std::span<const uint8_t> session_id;  // 0..32 bytes
  std::span<const uint8_t> cookie;
  std::span<const uint8_t> suites;       // two bytes each, at least one
  std::span<const uint8_t> compression;  // one byte each, at least one
};

// The one message that `payload` of a handshake record is. Nothing for a part of one: those of this
// handshake, a hello of some 110 bytes and 12 bytes of Finished, fit any datagram. Spans point into
// `payload`.
[[nodiscard]] std::optional<Message> parse_message(std::span<const uint8_t> payload) noexcept;
// Of the body of a ClientHello; spans point into it.
[[nodiscard]] std::optional<Hello> parse_hello(std::span<const uint8_t> body) noexcept;
[[nodiscard]] bool offers(const Hello& hello, uint16_t suite) noexcept;

// The payload of a record: header and body.
[[nodiscard]] std::vector<uint8_t> make_message(MessageType type, uint16_t number,
                                                std::span<const uint8_t> body);
// The body of a ServerHello that resumes `session_id`, without extensions or compression.
[[nodiscard]] std::vector<uint8_t> make_server_hello(std::span<const uint8_t, kRandomSize> random,
                                                     std::span<const uint8_t> session_id,
                                                     uint16_t suite);
// The payload of a ChangeCipherSpec, which is counted among the messages.
[[nodiscard]] std::array<uint8_t, 3> make_change_cipher_spec(uint16_t number) noexcept;
// A record in the clear; `sequence` as in its header.
[[nodiscard]] std::vector<uint8_t> make_record(uint8_t type, uint64_t sequence,
                                               std::span<const uint8_t> payload);

}  // namespace culvert::control::legacy
