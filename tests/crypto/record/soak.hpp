// Random records, ours against OpenSSL's, for as long as one likes.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// Sessions of every suite in every version, two each, with random keys and starting numbers. Bursts
// go to any of them in any order, in records of any size: what we seal must be byte for byte what EVP
// makes of it, what EVP seals must open, and what was changed, cut or repeated on the way must not.
class Soak {
 public:
  Soak(Isa isa, uint64_t seed);
  Soak(const Soak&) = delete;
  Soak& operator=(const Soak&) = delete;
  ~Soak();

  // One burst each way. Throws std::runtime_error that says what was wrong with which record.
  void burst();

  [[nodiscard]] uint64_t sealed() const noexcept { return sealed_; }
  [[nodiscard]] uint64_t opened() const noexcept { return opened_; }
  // Records that were spoilt, and refused.
  [[nodiscard]] uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] size_t sessions() const noexcept { return sessions_.size(); }

 private:
  struct Session;

  void seal_burst();
  void open_burst();
  size_t below(size_t bound) { return static_cast<size_t>(rng_() % bound); }
  bool one_in(size_t n) { return below(n) == 0; }
  std::vector<uint8_t> random_bytes(size_t size);
  size_t payload_size();
  Session& next_session();
  bool spoil(std::vector<uint8_t>& record, const Session& session);

  MbManager mb_;
  std::mt19937_64 rng_;
  std::vector<Suite> suites_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Session* current_ = nullptr;
  uint64_t sealed_ = 0;
  uint64_t opened_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace culvert::crypto::record
