// The records of one datagram (RFC 6347 §4.1.1: several may share one), by their headers alone.
#pragma once

#include <cstdint>
#include <cstring>

#include "crypto/record/format.hpp"

namespace culvert::dtls {

using crypto::record::ContentType;

struct Record {
  uint32_t offset = 0;  // in the datagram
  uint32_t size = 0;    // header included
  ContentType type{};
  uint16_t version = 0;
  uint64_t sequence = 0;  // epoch in the top 16 bits

  [[nodiscard]] uint16_t epoch() const noexcept {
    return static_cast<uint16_t>(sequence >> crypto::record::kDtlsSequenceBits);
  }
  [[nodiscard]] uint64_t number() const noexcept {
    return sequence & crypto::record::kDtlsSequenceMask;
  }
  // Control's: everything before the handshake's end, and whatever renews it.
  [[nodiscard]] bool of_handshake() const noexcept {
    return type == ContentType::handshake || type == ContentType::change_cipher_spec ||
           (type == ContentType::alert && epoch() == 0);
  }
  // A worker's: protected by the tunnel's keys.
  [[nodiscard]] bool of_tunnel() const noexcept {
    return epoch() != 0 && (type == ContentType::application_data || type == ContentType::alert);
  }
};

enum class WalkResult : uint8_t {
  record,
  end,
  cut_short,  // the datagram ends within a record, or is empty
  malformed,  // a content type or version that does not exist, or a length beyond RFC 6347 §4.1's
};

class RecordWalk {
 public:
  RecordWalk(const uint8_t* datagram, uint32_t size) noexcept : data_(datagram), size_(size) {}

  // The next record. After anything but `record` the rest of the datagram means nothing.
  [[nodiscard]] WalkResult next(Record& out) noexcept {
    using namespace crypto::record;
    if (at_ == size_ && at_ != 0) return WalkResult::end;
    if (size_ - at_ < kDtlsHeaderSize) return WalkResult::cut_short;
    DtlsHeader h;
    std::memcpy(&h, data_ + at_, sizeof h);
    // 0xfeff: DTLS 1.0, which the records of a ClientHello say (RFC 6347 §4.1). Which of them fits a
    // tunnel is known to its keys.
    const uint16_t version = h.version;
    const bool known_version =
        version == kDtls12WireVersion || version == kDtls09WireVersion || version == 0xfeff;
    const bool known_type = h.type >= static_cast<uint8_t>(ContentType::change_cipher_spec) &&
                            h.type <= static_cast<uint8_t>(ContentType::application_data);
    const uint32_t length = h.length;
    if (!known_type || !known_version || length == 0 || length > kMaxCiphertext12) {
      return WalkResult::malformed;
    }
    if (size_ - at_ - kDtlsHeaderSize < length) return WalkResult::cut_short;
    out = {at_, kDtlsHeaderSize + length, static_cast<ContentType>(h.type), version,
           h.epoch_sequence};
    at_ += out.size;
    return WalkResult::record;
  }

 private:
  const uint8_t* data_;
  uint32_t size_;
  uint32_t at_ = 0;
};

}  // namespace culvert::dtls
