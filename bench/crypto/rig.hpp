// What every subject of the record benchmarks works on: sessions whose key blocks lie in huge pages
// in an order that no prefetcher guesses, and packet buffers that stay the same, as a worker's do.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record::bench {

inline constexpr size_t kBurst = 32;
inline constexpr size_t kBuffers = 256;
// What others than we are given for the bytes that do not matter to time.
inline constexpr uint8_t kAdditional[13] = {};
inline constexpr uint8_t kIv[kBlockSize] = {};

// Key blocks on huge pages where the system gives them, as the headend has them.
class KeyBlocks {
 public:
  explicit KeyBlocks(size_t count);
  ~KeyBlocks();
  KeyBlocks(const KeyBlocks&) = delete;
  KeyBlocks& operator=(const KeyBlocks&) = delete;
  Keys& operator[](size_t i) noexcept { return first_[i]; }

 private:
  Keys* first_;
};

// All sessions have the same key, each in a block of its own: so what one keeper of that key seals
// opens for any of them.
class Rig {
 public:
  Rig(const Suite& suite, uint32_t size, size_t sessions, Isa isa);

  const Suite& suite;
  const MbManager mb;
  const uint32_t size;  // of a payload
  const Overhead room;
  const uint32_t record_size;

  // Records of one pass, and those that one session has of them.
  [[nodiscard]] size_t per_pass() const noexcept { return per_pass_; }
  [[nodiscard]] size_t per_session() const noexcept { return per_pass_ / order_.size(); }
  // The session of the pass's i-th record.
  [[nodiscard]] size_t session(size_t i) const noexcept { return order_[i % order_.size()]; }
  [[nodiscard]] Keys& keys(size_t i) noexcept { return blocks_[session(i)]; }
  [[nodiscard]] size_t sessions() const noexcept { return order_.size(); }
  // Where the i-th record lies, and where its opened form goes.
  [[nodiscard]] uint8_t* record(size_t i) noexcept { return &records_[i % kBuffers * stride_]; }
  [[nodiscard]] uint8_t* opened(size_t i) noexcept { return &opened_[i % kBuffers * stride_]; }

  // Fills the record buffers with what a session's next records are: outside the measured time.
  void seal_for_next_pass();

 private:
  size_t per_pass_;
  size_t stride_;
  KeyBlocks blocks_;
  Keys sealer_;
  std::vector<size_t> order_;
  std::vector<uint8_t> records_;
  std::vector<uint8_t> opened_;
  uint64_t next_ = 0;
};

// One way of sealing or opening; pass() is what is measured.
class Subject {
 public:
  virtual ~Subject() = default;
  // The number of records that went wrong.
  virtual size_t pass() = 0;
};

std::unique_ptr<Subject> make_ours(Rig& rig, bool opening);
std::unique_ptr<Subject> make_raw(Rig& rig, bool opening);
std::unique_ptr<Subject> make_openssl(Rig& rig, bool opening);

[[nodiscard]] KeyMaterial bench_material(const Suite& suite);

}  // namespace culvert::crypto::record::bench
