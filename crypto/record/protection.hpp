// Record protection for bursts: many records, possibly of many connections, sealed or opened in one
// call. TLS 1.2 and 1.3, DTLS 1.2 and Cisco's older one.
//
// Loops over arrays of ops; IPsec-MB underneath, for GCM by its direct calls. Nothing here allocates, throws
// or knows of packets. Sequence numbers advance inside: the ops of one connection must be in stream
// order. (DTLS is opened in any order.)
#pragma once

#include <cstdint>
#include <span>

#include <intel-ipsec-mb.h>

#include "crypto/isa.hpp"
#include "crypto/record/format.hpp"
#include "crypto/secret.hpp"

namespace culvert::crypto::record {

// What control hands over for one direction of one connection. Wiped on destruction.
struct KeyMaterial {
  const Suite* suite = nullptr;
  Secret<32> key;
  Secret<12> iv;          // as long as the suite says: 4-byte salt or 12-byte IV
  Secret<48> mac_key;     // CBC: as long as the MAC
  uint64_t sequence = 0;  // of the next record; DTLS: with the epoch in the upper 16 bits
  // TLS 1.2 with GCM: nonce of the next record that is sealed (last one sent + 1).
  uint64_t explicit_nonce = 0;
  bool encrypt_then_mac = false;  // CBC: RFC 7366 was agreed on
};

// AES-CBC with HMAC. `inner` and `outer` are the hash's states behind the padded key (RFC 2104).
struct CbcKeys {
  alignas(16) uint8_t encrypt[15 * 16];
  alignas(16) uint8_t decrypt[15 * 16];
  alignas(64) uint8_t inner[64];
  alignas(64) uint8_t outer[64];
};

// One direction of one connection, expanded for the burst calls. About 1.1 KiB; the caller provides
// the memory.
struct alignas(64) Keys {
  union {
    alignas(64) gcm_key_data gcm;  // the library aligns this type only #ifdef LINUX
    uint8_t chacha_key[32];
    CbcKeys cbc;
  };
  alignas(64) uint8_t iv[12];
  Version version;
  Cipher cipher;
  Mac mac;
  bool encrypt_then_mac;
  uint64_t sequence;        // DTLS: when opening, only the epoch counts; nothing advances
  uint64_t explicit_nonce;  // DTLS: unused, the nonce is epoch and sequence number
  // TLS: set by open() behind a record that failed or that carried a handshake message: see
  // OpenStatus::held. install() clears it; so does the caller after a message that leaves the keys
  // alone (NewSessionTicket).
  bool held;

  // Expands `material`. Returns false without a suite, and for wrong key sizes.
  [[nodiscard]] bool install(const MbManager& mb, const KeyMaterial& material) noexcept;
  void clear() noexcept;  // wipes
};

[[nodiscard]] inline Overhead overhead(const Keys& keys) noexcept {
  return overhead(keys.version, keys.cipher, keys.mac, keys.encrypt_then_mac);
}
// `material` has a suite.
[[nodiscard]] inline Overhead overhead(const KeyMaterial& material) noexcept {
  return overhead(*material.suite, material.encrypt_then_mac);
}

struct SealOp {
  Keys* keys;
  // In: payload lies at record + overhead().prefix, with overhead().suffix bytes of room behind it.
  // Out: the whole record, with CBC often some bytes less than there is room for.
  uint8_t* record;
  uint32_t payload_size;  // 0..kMaxPlaintext
  ContentType type;
  uint32_t
      record_size;  // out; 0 = not sealed: sequence numbers are used up, or the payload is too long
};

enum class OpenStatus : uint8_t {
  ok,
  bad_length,   // shorter than nonce + tag (+ type), or longer than the limit, or header disagrees
  bad_version,  // DTLS: not that of the keys. (TLS notices a changed version by the tag.)
  bad_epoch,    // DTLS: of a handshake, or of keys that are not these
  bad_tag,
  bad_type,   // a type that does not exist or may not come here; an empty alert or handshake record
  exhausted,  // sequence number would wrap
  held,       // untouched, because of an earlier record of the connection: one that failed, or a
  // handshake message (after a TLS 1.3 KeyUpdate this record needs the new keys; open it
  // again with those)
};

struct OpenOp {
  Keys* keys;
  const uint8_t*
      record;  // with its header; may overlap `payload` only as payload == record + prefix
  uint32_t record_size;
  // Where the plaintext goes: record_size - overhead().total() bytes, and one more for TLS 1.3. With
  // CBC, which deciphers padding (and MAC) too and hashes a few bytes before the payload:
  // record_size - overhead().prefix bytes, and 16 before them that are overwritten.
  uint8_t* payload;
  uint32_t payload_size;  // out
  ContentType type;       // out
  OpenStatus status;      // out; on anything but ok the plaintext must not be used
};

// Keys::sequence counts sealed records, and with TLS opened ones that were authentic. A record that
// fails as bad_tag leaves zeros in `payload`; one that fails earlier leaves `payload` as it was.
// With CBC all records of a burst are decrypted at once, so those behind one that fails, although
// reported as held, are gone if they lay in place; the connection is over anyway.
//
// DTLS records are opened each for itself, in any order: one that fails touches nothing but its op.
// Whether one has been there before is the caller's to know (replay_window.hpp, dtls_sequence()):
// look before opening, because that is cheap, and mark only what turned out ok.
void seal(const MbManager& mb, std::span<SealOp> ops) noexcept;
void open(const MbManager& mb, std::span<OpenOp> ops) noexcept;

}  // namespace culvert::crypto::record
