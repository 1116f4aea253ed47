// AES-CBC with HMAC over the ciphertext (RFC 7366 §3). Sealing: a burst of encryptions, then one of
// hashes. Opening: a burst of hashes, then, of what is authentic, one of decryptions.
//
// What is deciphered was made by whoever has the MAC key, so padding is no oracle, and nothing here
// has to run in constant time but the comparison of MACs.
//
// A hash wants its message in one piece: number, type, version and length, 13 bytes, right before
// the IV. A header of DTLS is as long and makes room for them. One of TLS is 8 bytes shorter, and
// what lies before it may be another record: there the ciphertext makes room by moving towards the
// place of the MAC, and back again.
#include <algorithm>

#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"
#include "crypto/record/cbc_admit.hpp"
#include "crypto/record/cbc_padding.hpp"
#include "crypto/record/header.hpp"

namespace culvert::crypto::record {
namespace {

// By how much IV and ciphertext move while they are hashed in place. The MAC's place has that much.
template <Version V>
constexpr uint32_t kShift = kAdditionalSize - header_size(V);

// IV and ciphertext of a record that is hashed where it lies, `size` bytes.
template <Version V>
void make_room(uint8_t* record, uint32_t size) noexcept {
  if constexpr (kShift<V> != 0)
    std::memmove(record + kAdditionalSize, record + header_size(V), size);
}
template <Version V>
void move_back(uint8_t* record, uint32_t size) noexcept {
  if constexpr (kShift<V> != 0)
    std::memmove(record + header_size(V), record + kAdditionalSize, size);
}

struct Sealing {
  SealOp* op;
  uint64_t sequence;
  uint32_t size;  // of IV and ciphertext
  alignas(16) uint8_t mac[kMacRoom];
};

template <Version V>
constexpr uint16_t kVersion = V == Version::dtls12 ? kDtls12WireVersion : kWireVersion;

// The IV is the encryption of a block that no other record has (cbc_seal.cpp says why): number, type
// and length of the payload. Chained to a zero block it is the beginning of one message.
template <Version V>
void prepare(Sealing& s, IMB_JOB& job) noexcept {
  const SealOp& op = *s.op;
  uint8_t* const block = op.record + header_size(V);
  uint8_t* const payload = block + kBlockSize;
  const AdditionalData12 unique{s.sequence, static_cast<uint8_t>(op.type), kVersion<V>,
                                static_cast<uint16_t>(op.payload_size)};
  std::memset(block, 0, kBlockSize - kAdditionalSize);
  std::memcpy(payload - kAdditionalSize, &unique, kAdditionalSize);
  s.size = kBlockSize + pad(payload, op.payload_size);
  set_cipher_job(job, *op.keys, block, block, s.size, kZeroIv);
}

// RFC 7366 §3: the length is that of IV and ciphertext.
template <Version V>
void prepare_hash(Sealing& s, IMB_JOB& job) noexcept {
  const SealOp& op = *s.op;
  make_room<V>(op.record, s.size);
  const AdditionalData12 additional{s.sequence, static_cast<uint8_t>(op.type), kVersion<V>,
                                    static_cast<uint16_t>(s.size)};
  std::memcpy(op.record, &additional, kAdditionalSize);
  set_hash_job(job, *op.keys, op.record, kAdditionalSize + s.size, s.mac);
}

template <Version V>
void seal_etm_chunk(const MbManager& mb, std::span<SealOp> ops) noexcept {
  const Cipher cipher = ops[0].keys->cipher;
  const Mac mac = ops[0].keys->mac;
  CbcJobs jobs;
  std::array<Sealing, kCbcBurst> sealing;
  size_t count = 0;
  for (SealOp& op : ops) {
    Keys& keys = *op.keys;
    op.record_size = 0;
    if (op.payload_size > kMaxPlaintext || exhausted<V>(keys.sequence)) [[unlikely]] {
      continue;
    }
    Sealing& s = sealing[count];
    s.op = &op;
    s.sequence = keys.sequence++;
    prepare<V>(s, jobs[count++]);
  }
  cipher_burst(mb, cipher, IMB_DIR_ENCRYPT, {jobs.data(), count});
  for (size_t i = 0; i < count; i++)
    prepare_hash<V>(sealing[i], jobs[i]);
  hash_burst(mb, mac, {jobs.data(), count});
  for (size_t i = 0; i < count; i++) {
    const Sealing& s = sealing[i];
    SealOp& op = *s.op;
    const uint32_t length = s.size + mac_size(mac);
    move_back<V>(op.record, s.size);
    write_header<V>(op.record, op.type, s.sequence, length);
    std::memcpy(op.record + header_size(V) + s.size, s.mac, mac_size(mac));
    op.record_size = header_size(V) + length;
  }
}

struct OpeningEtm {
  OpenOp* op;
  uint64_t sequence;
  uint32_t size;  // of IV and ciphertext
  bool in_place;
  uint8_t header[kAdditionalSize];  // as received
  alignas(16) uint8_t received[48];
  alignas(16) uint8_t computed[kMacRoom];
};

// The message to hash, in the record itself, or where the plaintext will go if that is elsewhere.
template <Version V>
void prepare_hash(OpeningEtm& o, IMB_JOB& job) noexcept {
  const OpenOp& op = *o.op;
  const Keys& keys = *op.keys;
  const uint8_t* const iv = op.record + header_size(V);
  o.in_place = op.payload == iv + kBlockSize;
  std::memcpy(o.header, op.record, header_size(V));
  std::memcpy(o.received, iv + o.size, mac_size(keys.mac));
  uint8_t* message = op.payload - kBlockSize;
  if (o.in_place) {
    message -= header_size(V);
    make_room<V>(message, o.size);
  } else {
    std::memcpy(message + kAdditionalSize, iv, o.size);
  }
  // The version as received: were it a constant, a changed one would go unnoticed.
  const AdditionalData12 additional{o.sequence, o.header[0], load_be<uint16_t>(o.header + 1),
                                    static_cast<uint16_t>(o.size)};
  std::memcpy(message, &additional, kAdditionalSize);
  set_hash_job(job, keys, message, kAdditionalSize + o.size, o.computed);
}

// What is wrong with a record, or held, ends here.
template <Version V>
void fail(const OpeningEtm& o, OpenStatus status) noexcept {
  OpenOp& op = *o.op;
  op.status = status;
  if constexpr (V != Version::dtls12) {
    if (status != OpenStatus::held) {
      op.keys->held = true;
      op.keys->sequence = status == OpenStatus::bad_tag ? o.sequence : o.sequence + 1;
    }
  }
  wipe({op.payload - kBlockSize, o.size + mac_size(op.keys->mac)});
}

// Whether a record before it has taken the count back.
template <Version V>
bool overtaken(const OpeningEtm& o) noexcept {
  return V != Version::dtls12 && o.sequence >= o.op->keys->sequence;
}

template <Version V>
bool authentic(OpeningEtm& o) noexcept {
  OpenOp& op = *o.op;
  if (o.in_place) {
    uint8_t* const record = op.payload - kBlockSize - header_size(V);
    move_back<V>(record, o.size);
    std::memcpy(record, o.header, header_size(V));
  }
  if (overtaken<V>(o)) {
    fail<V>(o, OpenStatus::held);
    return false;
  }
  // In constant time: where a forged MAC first differs must not show.
  if (CRYPTO_memcmp(o.computed, o.received, mac_size(op.keys->mac)) != 0) [[unlikely]] {
    fail<V>(o, OpenStatus::bad_tag);
    return false;
  }
  return true;
}

template <Version V>
void finish(const OpeningEtm& o) noexcept {
  OpenOp& op = *o.op;
  if (overtaken<V>(o)) return fail<V>(o, OpenStatus::held);
  const Unpadded unpadded = unpad(op.payload, o.size - kBlockSize, 0);
  if (unpadded.good == 0) return fail<V>(o, OpenStatus::bad_tag);
  if (unpadded.payload_size > kMaxPlaintext) return fail<V>(o, OpenStatus::bad_length);
  op.type = static_cast<ContentType>(o.header[0]);
  // RFC 5246 §6.2.1: only application data may be empty.
  if (unpadded.payload_size == 0 && op.type != ContentType::application_data)
    return fail<V>(o, OpenStatus::bad_type);
  op.payload_size = unpadded.payload_size;
}

template <Version V>
void open_etm_chunk(const MbManager& mb, std::span<OpenOp> ops) noexcept {
  const Cipher cipher = ops[0].keys->cipher;
  const Mac mac = ops[0].keys->mac;
  CbcJobs jobs;
  std::array<OpeningEtm, kCbcBurst> opening;
  size_t count = 0;
  for (OpenOp& op : ops) {
    OpeningEtm& o = opening[count];
    if (!admit_cbc<V>(op, o.sequence)) continue;
    o.op = &op;
    o.size = op.record_size - header_size(V) - mac_size(mac);
    prepare_hash<V>(o, jobs[count++]);
  }
  hash_burst(mb, mac, {jobs.data(), count});

  std::array<OpeningEtm*, kCbcBurst> good;
  size_t good_count = 0;
  for (size_t i = 0; i < count; i++) {
    OpeningEtm& o = opening[i];
    if (!authentic<V>(o)) continue;
    const uint8_t* const iv = o.op->record + header_size(V);
    set_cipher_job(jobs[good_count], *o.op->keys, o.op->payload, iv + kBlockSize,
                   o.size - kBlockSize, iv);
    good[good_count++] = &o;
  }
  cipher_burst(mb, cipher, IMB_DIR_DECRYPT, {jobs.data(), good_count});
  for (size_t i = 0; i < good_count; i++)
    finish<V>(*good[i]);
}

template <typename Op, typename Chunk>
void by_chunks(std::span<Op> run, Chunk chunk_of) noexcept {
  for (; !run.empty(); run = run.subspan(std::min(run.size(), kCbcBurst))) {
    const auto chunk = run.first(std::min(run.size(), kCbcBurst));
    for (size_t i = 0; i < chunk.size(); i++)
      prefetch_keys<Cipher::aes128_cbc>(chunk, i);
    chunk_of(chunk);
  }
}

}  // namespace

template <Version V>
void seal_cbc_etm(const MbManager& mb, std::span<SealOp> run) noexcept {
  by_chunks(run, [&mb](std::span<SealOp> chunk) noexcept { seal_etm_chunk<V>(mb, chunk); });
}

template <Version V>
void open_cbc_etm(const MbManager& mb, std::span<OpenOp> run) noexcept {
  by_chunks(run, [&mb](std::span<OpenOp> chunk) noexcept { open_etm_chunk<V>(mb, chunk); });
}

template void seal_cbc_etm<Version::tls12>(const MbManager&, std::span<SealOp>) noexcept;
template void seal_cbc_etm<Version::dtls12>(const MbManager&, std::span<SealOp>) noexcept;
template void open_cbc_etm<Version::tls12>(const MbManager&, std::span<OpenOp>) noexcept;
template void open_cbc_etm<Version::dtls12>(const MbManager&, std::span<OpenOp>) noexcept;

}  // namespace culvert::crypto::record
