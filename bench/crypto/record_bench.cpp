// Record protection alone: crypto/SUITE/{seal,open}/SIZE/SESSIONS/ours.
//
// SIZE is the payload. Every burst of 32 goes to as many different sessions, in an order that no
// prefetcher guesses, so that with many sessions the key blocks come from memory; the 256 packet
// buffers stay the same, as a worker's do. Sequence numbers are always fresh, and what is opened
// has been sealed for that number: one record that does not open fails the benchmark.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {
namespace {

constexpr size_t kBurst = 32;
constexpr size_t kBuffers = 256;

KeyMaterial material(const Suite& suite) {
  const std::vector<uint8_t> bytes(32, 0x5a);
  KeyMaterial out;
  out.suite = &suite;
  out.key.assign(std::span(bytes).first(suite.key_size));
  out.iv.assign(std::span(bytes).first(suite.fixed_iv_size));
  return out;
}

// Key blocks on huge pages where the system gives them, as the headend has them.
class KeyBlocks {
 public:
  explicit KeyBlocks(size_t count)
      : bytes_((count * sizeof(Keys) + kHugePage - 1) / kHugePage * kHugePage) {
    first_ = static_cast<Keys*>(std::aligned_alloc(kHugePage, bytes_));
    if (first_ == nullptr) throw std::bad_alloc();
    madvise(first_, bytes_, MADV_HUGEPAGE);
  }
  ~KeyBlocks() { std::free(first_); }
  KeyBlocks(const KeyBlocks&) = delete;
  KeyBlocks& operator=(const KeyBlocks&) = delete;
  Keys& operator[](size_t i) noexcept { return first_[i]; }

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;
  size_t bytes_;
  Keys* first_;
};

// All sessions have the same key, each in a block of its own: so a buffer sealed once opens for any
// of them.
class Rig {
 public:
  Rig(const Suite& suite, uint32_t size, size_t sessions)
      : overhead_(overhead(suite)),
        size_(size),
        stride_((size_t{size} + overhead_.total() + 127) / 64 * 64),
        sessions_(sessions),
        blocks_(sessions),
        order_(sessions),
        sealed_(kBuffers * stride_),
        opened_(kBuffers * stride_) {
    if (!sealer_.install(mb_, material(suite))) throw std::runtime_error("key material");
    for (size_t i = 0; i < sessions; i++) {
      order_[i] = i;
      if (!blocks_[i].install(mb_, material(suite))) throw std::runtime_error("key material");
    }
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
  }

  // Records of one pass: each session once, or all buffers for the only session.
  [[nodiscard]] size_t per_pass() const noexcept { return sessions_ == 1 ? kBuffers : sessions_; }

  void seal_pass() {
    SealOp ops[kBurst];
    for (size_t done = 0; done < per_pass(); done += kBurst) {
      const size_t n = std::min(kBurst, per_pass() - done);
      for (size_t i = 0; i < n; i++) {
        ops[i] = {&session(done + i), buffer(sealed_, done + i), size_,
                  ContentType::application_data, 0};
      }
      seal(mb_, {ops, n});
    }
  }

  // Seals the buffers for the sequence numbers that the next open_pass() expects.
  void prepare_open() {
    for (size_t i = 0; i < kBuffers; i++) {
      if (sessions_ > 1) sealer_.sequence = pass_;
      SealOp op{&sealer_, buffer(sealed_, i), size_, ContentType::application_data, 0};
      seal(mb_, {&op, 1});
    }
    pass_++;
  }

  // The number of records that did not open.
  size_t open_pass() {
    OpenOp ops[kBurst];
    size_t failed = 0;
    for (size_t done = 0; done < per_pass(); done += kBurst) {
      const size_t n = std::min(kBurst, per_pass() - done);
      for (size_t i = 0; i < n; i++) {
        ops[i] = {&session(done + i),
                  buffer(sealed_, done + i),
                  size_ + overhead_.total(),
                  buffer(opened_, done + i) + overhead_.prefix,
                  0,
                  {},
                  {}};
      }
      open(mb_, {ops, n});
      for (size_t i = 0; i < n; i++)
        failed += ops[i].status != OpenStatus::ok;
    }
    return failed;
  }

 private:
  Keys& session(size_t i) noexcept { return blocks_[sessions_ == 1 ? 0 : order_[i]]; }
  uint8_t* buffer(std::vector<uint8_t>& room, size_t i) const noexcept {
    return &room[i % kBuffers * stride_];
  }

  MbManager mb_{best_isa(0)};
  Overhead overhead_;
  uint32_t size_;
  size_t stride_;
  size_t sessions_;
  KeyBlocks blocks_;
  Keys sealer_;
  std::vector<size_t> order_;
  std::vector<uint8_t> sealed_;
  std::vector<uint8_t> opened_;
  uint64_t pass_ = 0;
};

void run(benchmark::State& state, const Suite& suite, bool opening, uint32_t size,
         size_t sessions) {
  const auto rig = std::make_unique<Rig>(suite, size, sessions);
  uint64_t cycles = 0;
  while (state.KeepRunning()) {
    if (opening) rig->prepare_open();
    const auto start = std::chrono::steady_clock::now();
    const uint64_t start_cycles = __rdtsc();
    size_t failed = 0;
    if (opening) {
      failed = rig->open_pass();
    } else {
      rig->seal_pass();
    }
    cycles += __rdtsc() - start_cycles;
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (failed != 0) {
      state.SkipWithError("a record did not open");
      return;
    }
  }
  const auto records = static_cast<int64_t>(rig->per_pass()) * state.iterations();
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(records * size);
  state.counters["tsc/record"] = static_cast<double>(cycles) / static_cast<double>(records);
}

bool register_all() {
  // The TLS 1.2 rows of one cipher differ in nothing that is measured here.
  for (const Suite* suite : {find_suite(Version::tls13, "TLS_AES_128_GCM_SHA256"),
                             find_suite(Version::tls13, "TLS_AES_256_GCM_SHA384"),
                             find_suite(Version::tls12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
                             find_suite(Version::tls12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
                             find_suite(Version::dtls12, "PSK-AES128-GCM-SHA256"),
                             find_suite(Version::dtls12, "PSK-AES256-GCM-SHA384")}) {
    for (const bool opening : {false, true}) {
      for (const uint32_t size : {64u, 256u, 576u, 1400u, 16384u}) {
        for (const size_t sessions : {size_t{1}, size_t{1000}, size_t{10000}, size_t{100000}}) {
          const std::string title = std::string("crypto/") + std::string(suite->name) +
                                    (opening ? "/open/" : "/seal/") + std::to_string(size) + "/" +
                                    std::to_string(sessions) + "/ours";
          benchmark::RegisterBenchmark(title.c_str(), run, *suite, opening, size, sessions)
              ->UseManualTime();
        }
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace culvert::crypto::record
