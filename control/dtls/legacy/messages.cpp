#include "control/dtls/legacy/messages.hpp"

#include <utility>

#include "control/dtls/cursor.hpp"
#include "control/dtls/wire_format.hpp"
#include "crypto/record/format.hpp"

namespace culvert::control::legacy {
namespace {

constexpr size_t kMaxSessionId = 32;
constexpr uint8_t kChangeCipherSpec = 1;

class Writer {
 public:
  Writer& put8(size_t n) {
    out_.push_back(static_cast<uint8_t>(n));
    return *this;
  }
  Writer& put16(size_t n) { return put8(n >> 8).put8(n); }
  Writer& put24(size_t n) { return put8(n >> 16).put16(n); }
  Writer& put64(uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8)
      put8(n >> shift);
    return *this;
  }
  Writer& put(std::span<const uint8_t> bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] std::vector<uint8_t> take() noexcept { return std::move(out_); }

 private:
  std::vector<uint8_t> out_;
};

}  // namespace

std::optional<Message> parse_message(std::span<const uint8_t> payload) noexcept {
  Cursor cursor(payload);
  const auto type = cursor.take(1);
  const auto length = cursor.take(3);
  const auto number = cursor.take(2);
  const auto fragment_offset = cursor.take(3);
  const auto fragment_length = cursor.take(3);
  if (!cursor.ok()) return std::nullopt;
  Message message{type[0], load_be<uint16_t>(number.data()), cursor.take(load24(length.data()))};
  const bool whole = load24(fragment_offset.data()) == 0 &&
                     load24(fragment_length.data()) == load24(length.data());
  // Nothing may follow it: nobody sends two messages in a row here.
  if (!cursor.ok() || !whole || !cursor.at_end()) return std::nullopt;
  return message;
}

std::optional<Hello> parse_hello(std::span<const uint8_t> body) noexcept {
  Cursor cursor(body);
  const auto version = cursor.take(2);
  Hello hello;
  hello.random = cursor.take(kRandomSize);
  hello.session_id = cursor.take_vector();
  hello.cookie = cursor.take_vector();
  hello.suites = cursor.take_long_vector();
  hello.compression = cursor.take_vector();
  if (!cursor.ok() || load_be<uint16_t>(version.data()) != crypto::record::kDtls09WireVersion ||
      hello.session_id.size() > kMaxSessionId || hello.suites.empty() ||
      hello.suites.size() % 2 != 0 || hello.compression.empty()) {
    return std::nullopt;
  }
  return hello;
}

bool offers(const Hello& hello, uint16_t suite) noexcept {
  for (size_t at = 0; at + 2 <= hello.suites.size(); at += 2) {
    if (load_be<uint16_t>(&hello.suites[at]) == suite) return true;
  }
  return false;
}

std::vector<uint8_t> make_message(MessageType type, uint16_t number,
                                  std::span<const uint8_t> body) {
  return Writer()
      .put8(static_cast<uint8_t>(type))
      .put24(body.size())
      .put16(number)
      .put24(0)
      .put24(body.size())
      .put(body)
      .take();
}

std::vector<uint8_t> make_server_hello(std::span<const uint8_t, kRandomSize> random,
                                       std::span<const uint8_t> session_id, uint16_t suite) {
  return Writer()
      .put16(crypto::record::kDtls09WireVersion)
      .put(random)
      .put8(session_id.size())
      .put(session_id)
      .put16(suite)
      .put8(0)
      .take();
}

std::array<uint8_t, 3> make_change_cipher_spec(uint16_t number) noexcept {
  return {kChangeCipherSpec, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

std::vector<uint8_t> make_record(uint8_t type, uint64_t sequence,
                                 std::span<const uint8_t> payload) {
  return Writer()
      .put8(type)
      .put16(crypto::record::kDtls09WireVersion)
      .put64(sequence)
      .put16(payload.size())
      .put(payload)
      .take();
}

}  // namespace culvert::control::legacy
