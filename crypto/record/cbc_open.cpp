// Opening AES-CBC with HMAC, MAC-then-encrypt (RFC 5246 §6.2.3.2): a burst of decryptions, then one
// of hashes over messages whose length only the plaintext tells (cbc_padding.hpp says why nobody may
// see it), then one or two of dummy hashes.
//
// The dummies make the number of blocks that are hashed a function of the record's length, and they
// are bursts of their own because lanes run side by side: a short message next to a long one takes
// the time of the long one. What remains visible is how evenly the lanes of a burst are filled,
// which for a record alone is nothing, and among others depends on those as much as on it.
// Whatever is wrong with padding or MAC ends in one status, after all the work has been done.
#include <algorithm>

#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"
#include "crypto/record/cbc_admit.hpp"
#include "crypto/record/cbc_padding.hpp"

namespace culvert::crypto::record {
namespace {

// A record between its bursts.
struct Opening {
  OpenOp* op;
  uint64_t sequence;
  uint32_t size;  // of the plaintext with MAC and padding
  Unpadded unpadded;
  alignas(16) uint8_t received[48];
  alignas(16) uint8_t computed[kMacRoom];
};

// Finds payload and MAC in the plaintext, and puts the message's beginning before it.
void take_apart(Opening& o, Mac mac) noexcept {
  const OpenOp& op = *o.op;
  o.unpadded = unpad(op.payload, o.size, mac_size(mac));
  copy_mac(o.received, op.payload, o.size, mac_size(mac), o.unpadded.payload_size);
  const AdditionalData12 additional{o.sequence, op.record[0], load_be<uint16_t>(op.record + 1),
                                    static_cast<uint16_t>(o.unpadded.payload_size)};
  std::memcpy(op.payload - kAdditionalSize, &additional, kAdditionalSize);
}

OpenStatus judge(Opening& o, Mac mac) noexcept {
  OpenOp& op = *o.op;
  // One number for both, or a compiler makes two branches of it, and wrong padding ends an
  // instruction before a wrong MAC.
  const auto differs = static_cast<uint32_t>(CRYPTO_memcmp(o.computed, o.received, mac_size(mac)));
  if ((differs | ~o.unpadded.good) != 0) [[unlikely]] {
    return OpenStatus::bad_tag;
  }
  if (o.unpadded.payload_size > kMaxPlaintext) return OpenStatus::bad_length;
  op.type = static_cast<ContentType>(op.record[0]);
  // RFC 5246 §6.2.1: only application data may be empty.
  if (o.unpadded.payload_size == 0 && op.type != ContentType::application_data)
    return OpenStatus::bad_type;
  op.payload_size = o.unpadded.payload_size;
  return OpenStatus::ok;
}

template <Version V>
void finish(Opening& o, Mac mac) noexcept {
  OpenOp& op = *o.op;
  if constexpr (is_dtls(V)) {
    op.status = judge(o, mac);
  } else {
    Keys& keys = *op.keys;
    // A record before it has taken the count back.
    op.status = o.sequence >= keys.sequence ? OpenStatus::held : judge(o, mac);
    if (op.status != OpenStatus::ok && op.status != OpenStatus::held) [[unlikely]] {
      keys.held = true;
      keys.sequence = op.status == OpenStatus::bad_tag ? o.sequence : o.sequence + 1;
    }
  }
  if (op.status != OpenStatus::ok) [[unlikely]] {
    wipe({op.payload - kAdditionalSize, o.size + kAdditionalSize});
  }
}

// Hashes what was received, and then as much more as makes all records of a length alike.
void hash_all(const MbManager& mb, Mac mac, CbcJobs& jobs, std::span<Opening> opening) noexcept {
  static constexpr uint8_t kNothing[kMaxDummy] = {};
  alignas(16) uint8_t ignored[kMacRoom];
  std::array<HashPlan, kCbcBurst> plans;
  for (size_t i = 0; i < opening.size(); i++) {
    Opening& o = opening[i];
    const HashPlan plan = plan_hashes(mac, kAdditionalSize, o.size, o.unpadded.payload_size);
    set_hash_job(jobs[i], *o.op->keys, o.op->payload - kAdditionalSize, plan.message, o.computed);
    plans[i] = plan;
    mb.count_hash_blocks(blocks_of(mac, plan));
  }
  hash_burst(mb, mac, {jobs.data(), opening.size()});
  for (size_t dummy = 0; dummy < 2; dummy++) {
    size_t count = 0;
    for (size_t i = 0; i < opening.size(); i++) {
      if (plans[i].dummy[dummy] == 0) continue;  // depends on the record's length alone
      set_hash_job(jobs[count++], *opening[i].op->keys, kNothing, plans[i].dummy[dummy], ignored);
    }
    hash_burst(mb, mac, {jobs.data(), count});
  }
}

template <Version V>
void open_chunk(const MbManager& mb, std::span<OpenOp> ops) noexcept {
  constexpr uint32_t kPrefix = header_size(V) + kBlockSize;
  const Cipher cipher = ops[0].keys->cipher;
  const Mac mac = ops[0].keys->mac;
  CbcJobs jobs;
  std::array<Opening, kCbcBurst> opening;
  size_t count = 0;
  for (OpenOp& op : ops) {
    Opening& o = opening[count];
    if (!admit_cbc<V>(op, o.sequence)) continue;
    o.op = &op;
    o.size = op.record_size - kPrefix;
    set_cipher_job(jobs[count], *op.keys, op.payload, op.record + kPrefix, o.size,
                   op.record + header_size(V));
    count++;
  }
  const std::span<Opening> all{opening.data(), count};
  cipher_burst(mb, cipher, IMB_DIR_DECRYPT, {jobs.data(), count});
  for (Opening& o : all)
    take_apart(o, mac);
  hash_all(mb, mac, jobs, all);
  for (Opening& o : all)
    finish<V>(o, mac);
}

}  // namespace

template <Version V>
void open_cbc(const MbManager& mb, std::span<OpenOp> run) noexcept {
  for (; !run.empty(); run = run.subspan(std::min(run.size(), kCbcBurst))) {
    const auto chunk = run.first(std::min(run.size(), kCbcBurst));
    for (size_t i = 0; i < chunk.size(); i++)
      prefetch_keys<Cipher::aes128_cbc>(chunk, i);
    open_chunk<V>(mb, chunk);
  }
}

template void open_cbc<Version::tls12>(const MbManager&, std::span<OpenOp>) noexcept;
template void open_cbc<Version::dtls12>(const MbManager&, std::span<OpenOp>) noexcept;
template void open_cbc<Version::dtls09>(const MbManager&, std::span<OpenOp>) noexcept;

}  // namespace culvert::crypto::record
