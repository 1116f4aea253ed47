// IPsec-MB alone: the same calls on the same key blocks in the same order, with the same prefetch,
// and nothing around them: constant nonces, no headers, no comparison of tags; for CBC the bursts on
// lengths that are known. What "ours" takes more than this is the record layer.
#include <algorithm>

#include "bench/crypto/rig.hpp"
#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"

namespace culvert::crypto::record::bench {
namespace {

struct Work {
  Keys* keys;
  uint8_t* from;
  uint8_t* to;
};

template <Cipher C, bool Opening>
class Raw : public Subject {
 public:
  explicit Raw(Rig& rig) : rig_(rig) {}

  size_t pass() override {
    Work work[kBurst];
    for (size_t done = 0; done < rig_.per_pass(); done += kBurst) {
      const size_t n = std::min(kBurst, rig_.per_pass() - done);
      for (size_t i = 0; i < n; i++) {
        uint8_t* const record = rig_.record(done + i) + rig_.room.prefix;
        work[i] = {&rig_.keys(done + i), record,
                   Opening ? rig_.opened(done + i) + rig_.room.prefix : record};
      }
      burst({work, n});
    }
    return 0;
  }

 private:
  void burst(std::span<Work> work) noexcept {
    for (const Work& w : work)
      __builtin_prefetch(&w.keys->version);
    if constexpr (is_cbc(C)) {
      for (size_t i = 0; i < work.size(); i++)
        prefetch_keys<C>(work, i);
      Opening ? (decipher(work), hash(work)) : (hash(work), encipher(work));
    } else {
      for_each_op<C>(work, [this](const Work& w) noexcept {
        const Nonce nonce{};
        uint8_t tag[kTagSize];
        if constexpr (Opening) {
          aead_decrypt<C>(rig_.mb, *w.keys, w.to, w.from, rig_.size, nonce, kAdditional, tag);
        } else {
          aead_encrypt<C>(rig_.mb, *w.keys, w.to, w.from, rig_.size, nonce, kAdditional,
                          w.to + rig_.size);
        }
      });
    }
  }

  void hash(std::span<Work> work) noexcept {
    for (size_t i = 0; i < work.size(); i++) {
      const uint8_t* const payload = Opening ? work[i].to : work[i].from;
      set_hash_job(jobs_[i], *work[i].keys, payload - sizeof(kAdditional),
                   static_cast<uint32_t>(sizeof(kAdditional)) + rig_.size,
                   Opening ? macs_[i] : work[i].to + rig_.size);
    }
    hash_burst(rig_.mb, rig_.suite.mac, {jobs_.data(), work.size()});
  }
  void encipher(std::span<Work> work) noexcept {
    const uint32_t size = kBlockSize + padded_size(rig_.suite.mac, rig_.size);
    for (size_t i = 0; i < work.size(); i++) {
      uint8_t* const from = work[i].from - kBlockSize;
      set_cipher_job(jobs_[i], *work[i].keys, from, from, size, kIv);
    }
    cipher_burst(rig_.mb, C, IMB_DIR_ENCRYPT, {jobs_.data(), work.size()});
  }
  void decipher(std::span<Work> work) noexcept {
    const uint32_t size = padded_size(rig_.suite.mac, rig_.size);
    for (size_t i = 0; i < work.size(); i++) {
      set_cipher_job(jobs_[i], *work[i].keys, work[i].to, work[i].from, size,
                     work[i].from - kBlockSize);
    }
    cipher_burst(rig_.mb, C, IMB_DIR_DECRYPT, {jobs_.data(), work.size()});
  }

  Rig& rig_;
  CbcJobs jobs_{};
  uint8_t macs_[kBurst][64];
};

template <Cipher C>
std::unique_ptr<Subject> make(Rig& rig, bool opening) {
  if (opening) return std::make_unique<Raw<C, true>>(rig);
  return std::make_unique<Raw<C, false>>(rig);
}

}  // namespace

std::unique_ptr<Subject> make_raw(Rig& rig, bool opening) {
  switch (rig.suite.cipher) {
    case Cipher::aes128_gcm: return make<Cipher::aes128_gcm>(rig, opening);
    case Cipher::aes256_gcm: return make<Cipher::aes256_gcm>(rig, opening);
    case Cipher::chacha20_poly1305: return make<Cipher::chacha20_poly1305>(rig, opening);
    case Cipher::aes128_cbc: return make<Cipher::aes128_cbc>(rig, opening);
    case Cipher::aes256_cbc: return make<Cipher::aes256_cbc>(rig, opening);
  }
  return nullptr;
}

}  // namespace culvert::crypto::record::bench
