// Sealing AES-CBC with HMAC, MAC-then-encrypt (RFC 5246 §6.2.3.2): a burst of hashes, then a burst of
// encryptions.
//
// The explicit IV has to be unpredictable, and asking for random bytes for each record is dear. So
// the IV is the encryption, under the same key, of a block that no other record has: NIST SP
// 800-38A, appendix C. Chained to a zero block (kZeroIv) it is the first ciphertext block of a message
// that begins with it, and costs no call of its own.
#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"
#include "crypto/record/header.hpp"

namespace culvert::crypto::record {
namespace {

// Number, type and length of the record lie right before the payload: for the hash that is the
// beginning of its message, and as the rest of the IV's block they make it unique.
void prepare(Keys& keys, SealOp& op, uint16_t version, uint8_t* payload) noexcept {
  uint8_t* const block = payload - kBlockSize;
  const AdditionalData12 additional{keys.sequence, static_cast<uint8_t>(op.type), version,
                                    static_cast<uint16_t>(op.payload_size)};
  std::memset(block, 0, kBlockSize - sizeof(additional));
  std::memcpy(payload - sizeof(additional), &additional, sizeof(additional));
}

template <Version V>
void seal_chunk(const MbManager& mb, std::span<SealOp> ops) noexcept {
  constexpr uint32_t kHeader = header_size(V);
  constexpr uint32_t kPrefix = kHeader + kBlockSize;
  const Cipher cipher = ops[0].keys->cipher;
  const Mac mac = ops[0].keys->mac;

  CbcJobs jobs;
  std::array<SealOp*, kCbcBurst> sealed;
  size_t count = 0;
  for (SealOp& op : ops) {
    Keys& keys = *op.keys;
    op.record_size = 0;
    if (op.payload_size > kMaxPlaintext || exhausted<V>(keys.sequence)) [[unlikely]] {
      continue;
    }
    uint8_t* const payload = op.record + kPrefix;
    prepare(keys, op, wire_version(V), payload);
    set_hash_job(jobs[count], keys, payload - sizeof(AdditionalData12),
                 static_cast<uint32_t>(sizeof(AdditionalData12)) + op.payload_size,
                 payload + op.payload_size);
    sealed[count++] = &op;
    keys.sequence++;
  }
  hash_burst(mb, mac, {jobs.data(), count});

  for (size_t i = 0; i < count; i++) {
    SealOp& op = *sealed[i];
    uint8_t* const payload = op.record + kPrefix;
    const uint32_t padded = pad(payload, op.payload_size + mac_size(mac));
    const uint32_t length = kBlockSize + padded;
    const auto sequence = load_be<uint64_t>(payload - sizeof(AdditionalData12));
    write_header<V>(op.record, op.type, sequence, length);
    uint8_t* const block = op.record + kHeader;
    set_cipher_job(jobs[i], *op.keys, block, block, length, kZeroIv);
    op.record_size = kHeader + length;
  }
  cipher_burst(mb, cipher, IMB_DIR_ENCRYPT, {jobs.data(), count});
}

}  // namespace

template <Version V>
void seal_cbc(const MbManager& mb, std::span<SealOp> run) noexcept {
  for (; !run.empty(); run = run.subspan(std::min(run.size(), kCbcBurst))) {
    const auto chunk = run.first(std::min(run.size(), kCbcBurst));
    for (size_t i = 0; i < chunk.size(); i++)
      prefetch_keys<Cipher::aes128_cbc>(chunk, i);
    seal_chunk<V>(mb, chunk);
  }
}

template void seal_cbc<Version::tls12>(const MbManager&, std::span<SealOp>) noexcept;
template void seal_cbc<Version::dtls12>(const MbManager&, std::span<SealOp>) noexcept;
template void seal_cbc<Version::dtls09>(const MbManager&, std::span<SealOp>) noexcept;

}  // namespace culvert::crypto::record
