// Which AES-CBC records are opened at all, in either order of MAC and encryption.
#pragma once

#include <cstdint>

#include "crypto/record/aead.hpp"
#include "crypto/record/check.hpp"

namespace culvert::crypto::record {

// What can be refused without the key.
template <Version V>
[[nodiscard]] OpenStatus check_cbc(const OpenOp& op) noexcept {
  if (op.record_size < header_size(V)) return OpenStatus::bad_length;
  if (const OpenStatus s = check_outside<V>(op); s != OpenStatus::ok) return s;
  const Keys& keys = *op.keys;
  const Overhead room = overhead(keys);
  // With all the padding there can be; a longer one has a payload beyond RFC 5246 §6.2.1's limit.
  const uint32_t most = room.prefix + kMaxPlaintext + kMaxPadding + mac_size(keys.mac);
  if (op.record_size < room.shortest || op.record_size > most ||
      (op.record_size - room.shortest) % kBlockSize != 0) {
    return OpenStatus::bad_length;
  }
  return exists(op.record[0]) ? OpenStatus::ok : OpenStatus::bad_type;
}

// Decides about an op before any work, and numbers it. With TLS the number is provisional: a record
// before it in the burst may yet turn out wrong.
template <Version V>
[[nodiscard]] bool admit_cbc(OpenOp& op, uint64_t& sequence) noexcept {
  Keys& keys = *op.keys;
  op.payload_size = 0;
  if constexpr (is_dtls(V)) {
    op.status = check_cbc<V>(op);
    if (op.status == OpenStatus::ok && !same_epoch(op, keys)) op.status = OpenStatus::bad_epoch;
    if (op.status == OpenStatus::ok) sequence = dtls_sequence(op.record);
    return op.status == OpenStatus::ok;
  } else {
    op.status = keys.held ? OpenStatus::held : check_cbc<V>(op);
    if (op.status == OpenStatus::ok && exhausted<V>(keys.sequence))
      op.status = OpenStatus::exhausted;
    keys.held = keys.held || op.status != OpenStatus::ok ||
                op.record[0] == static_cast<uint8_t>(ContentType::handshake);
    if (op.status != OpenStatus::ok) return false;
    sequence = keys.sequence++;
    return true;
  }
}

}  // namespace culvert::crypto::record
