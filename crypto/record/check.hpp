// What can be seen of a record without its key.
#pragma once

#include <cstdint>
#include <cstring>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// RFC 5246 §6.2.1.
[[nodiscard]] constexpr bool exists(uint8_t type) noexcept {
  return type >= static_cast<uint8_t>(ContentType::change_cipher_spec) &&
         type <= static_cast<uint8_t>(ContentType::application_data);
}

// Whether a DTLS record is of the epoch that the keys are for.
[[nodiscard]] inline bool same_epoch(const OpenOp& op, const Keys& keys) noexcept {
  return ((dtls_sequence(op.record) ^ keys.sequence) >> kDtlsSequenceBits) == 0;
}

// Version (DTLS) and length in the header against the record, whose header is all there.
template <Version V>
[[nodiscard]] OpenStatus check_outside(const OpenOp& op) noexcept {
  if constexpr (is_dtls(V)) {
    DtlsHeader header;
    std::memcpy(&header, op.record, sizeof(header));
    if (header.version != wire_version(V)) return OpenStatus::bad_version;
    return header.length == op.record_size - kDtlsHeaderSize ? OpenStatus::ok
                                                             : OpenStatus::bad_length;
  } else {
    Header header;
    std::memcpy(&header, op.record, sizeof(header));
    return header.length == op.record_size - kHeaderSize ? OpenStatus::ok : OpenStatus::bad_length;
  }
}

}  // namespace culvert::crypto::record
