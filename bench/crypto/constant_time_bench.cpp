// Whether the time it takes to open a CBC record tells what is in it: constant-time/SUITE/open.
//
// Welch's t-test between two classes of records of one length, in random order, as "dudect" does
// (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", 2017): good ones with the
// least and with the most padding there can be (`t_padding`), and ones whose padding is the most there
// can be and whose MAC is wrong, and whose padding is wrong (`t_failure`, what "Lucky Thirteen" looks
// at); `t` is the larger of the two, without sign. By how much they differ is in `cycles_padding` and
// `cycles_failure`, of the time stamp counter. The slowest tenth is left out: interrupts.
//
// Where |t| stays below about 4.5 however long it runs, no difference has been found; one that is there
// grows with the square root of `measurements` (--benchmark_min_time). No number of it is a pass or a
// failure: machines differ, and have neighbours. constant-time/SUITE/careless, which looks at the
// padding once more and stops at the first wrong byte, shows what finding a difference looks like.
//
// Valgrind runs no AVX-512; this runs whatever the machine has. The instructions themselves are
// compared in tests/crypto/constant_time.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include "bench/crypto/rig.hpp"
#include "crypto/record/cbc.hpp"

namespace culvert::crypto::record::bench {
namespace {

constexpr uint32_t kPlaintext = 512;  // payload, MAC and padding
constexpr size_t kVariants = 32;      // records of a class
constexpr size_t kRound = 2000;       // measurements of an iteration

using Bytes = std::vector<uint8_t>;

// Welford's running mean and variance.
class Sample {
 public:
  void add(double x) noexcept {
    count_++;
    const double from_mean = x - mean_;
    mean_ += from_mean / count_;
    squares_ += from_mean * (x - mean_);
  }
  [[nodiscard]] double count() const noexcept { return count_; }
  friend double welch_t(const Sample& a, const Sample& b) noexcept {
    const double error =
        std::sqrt(a.squares_ / (a.count_ - 1) / a.count_ + b.squares_ / (b.count_ - 1) / b.count_);
    return error > 0 ? (a.mean_ - b.mean_) / error : 0;
  }
  [[nodiscard]] double mean() const noexcept { return mean_; }

 private:
  double count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

// A wrong MAC behind which the padding is right, and wrong padding: what an attacker makes of a record.
enum class Kind { least_padding, most_padding, wrong_mac, wrong_padding };

class Forge {
 public:
  explicit Forge(const Suite& suite) : suite_(suite) {
    if (!keys_.install(mb_, bench_material(suite))) throw std::runtime_error("key material");
  }

  Bytes record(Kind kind) {
    const uint32_t mac = mac_size(suite_.mac);
    const uint32_t padding = kind == Kind::most_padding || kind == Kind::wrong_mac ? 255 : 0;
    const uint32_t payload = kPlaintext - mac - 1 - padding;
    const uint32_t header = header_size(suite_.version);
    Bytes out(header + kBlockSize + kPlaintext);
    uint8_t* const plaintext = &out[header + kBlockSize];
    for (uint32_t i = 0; i < payload; i++)
      plaintext[i] = static_cast<uint8_t>(rng_());
    const AdditionalData12 additional{0, static_cast<uint8_t>(ContentType::application_data),
                                      kWireVersion, static_cast<uint16_t>(payload)};
    std::memcpy(plaintext - sizeof(additional), &additional, sizeof(additional));
    IMB_JOB job;
    set_hash_job(job, keys_, plaintext - sizeof(additional), sizeof(additional) + payload,
                 plaintext + payload);
    hash_burst(mb_, suite_.mac, {&job, 1});
    std::fill(out.end() - padding - 1, out.end(), static_cast<uint8_t>(padding));
    if (kind == Kind::wrong_mac) plaintext[payload + rng_() % mac] ^= 1;
    // As if there were more of it: the byte before it belongs to the MAC, which is the payload's.
    if (kind == Kind::wrong_padding) out.back() = 7;

    const Header head{additional.type, kWireVersion, static_cast<uint16_t>(out.size() - header)};
    std::memcpy(out.data(), &head, sizeof(head));
    uint8_t* const iv = &out[header];
    for (uint32_t i = 0; i < kBlockSize; i++)
      iv[i] = static_cast<uint8_t>(rng_());
    set_cipher_job(job, keys_, plaintext, plaintext, kPlaintext, iv);
    cipher_burst(mb_, suite_.cipher, IMB_DIR_ENCRYPT, {&job, 1});
    return out;
  }

 private:
  const Suite& suite_;
  MbManager mb_{best_isa(0)};
  Keys keys_{};
  std::mt19937 rng_{1};
};

class Clock {
 public:
  Clock(const Suite& suite, bool careless) : careless_(careless), prefix_(overhead(suite).prefix) {
    if (!keys_.install(mb_, bench_material(suite))) throw std::runtime_error("key material");
  }

  // Cycles of opening one record, as the first of its connection.
  double open_one(const Bytes& record) {
    std::copy(record.begin(), record.end(), room_.begin());
    keys_.sequence = 0;
    keys_.held = false;
    OpenOp op{
        &keys_, room_.data(), static_cast<uint32_t>(record.size()), room_.data() + prefix_, 0, {},
        {}};
    unsigned cpu = 0;
    _mm_lfence();
    const uint64_t start = __rdtsc();
    _mm_lfence();
    open(mb_, {&op, 1});
    if (careless_) benchmark::DoNotOptimize(padding_is_right_by_and_by(op));
    const uint64_t end = __rdtscp(&cpu);
    _mm_lfence();
    return static_cast<double>(end - start);
  }

 private:
  [[gnu::noinline]] static bool padding_is_right_by_and_by(const OpenOp& op) noexcept {
    const uint8_t* const last = op.record + op.record_size - 1;
    for (uint32_t i = 0; i <= *last; i++) {
      if (*(last - i) != *last) return false;
    }
    return true;
  }

  MbManager mb_{best_isa(0)};
  Keys keys_{};
  bool careless_;
  uint32_t prefix_;
  alignas(64) std::array<uint8_t, 1024> room_{};
};

// Two classes of records, and how long they took.
class Duel {
 public:
  Duel(Forge& forge, Kind a, Kind b) {
    for (size_t i = 0; i < kVariants; i++) {
      records_[0].push_back(forge.record(a));
      records_[1].push_back(forge.record(b));
    }
  }

  void warm_up(Clock& clock) {
    std::vector<double> cycles;
    for (size_t i = 0; i < kRound; i++)
      cycles.push_back(clock.open_one(next().second));
    std::nth_element(cycles.begin(), cycles.begin() + kRound * 9 / 10, cycles.end());
    limit_ = cycles[kRound * 9 / 10];
  }

  void round(Clock& clock) {
    for (size_t i = 0; i < kRound; i++) {
      const auto [which, record] = next();
      const double cycles = clock.open_one(record);
      if (cycles <= limit_) samples_[which].add(cycles);
    }
  }

  [[nodiscard]] double t() const noexcept { return welch_t(samples_[0], samples_[1]); }
  [[nodiscard]] double cycles() const noexcept { return samples_[0].mean() - samples_[1].mean(); }
  [[nodiscard]] double measurements() const noexcept {
    return samples_[0].count() + samples_[1].count();
  }

 private:
  std::pair<size_t, const Bytes&> next() {
    const size_t which = rng_() % 2;
    return {which, records_[which][rng_() % kVariants]};
  }

  std::array<std::vector<Bytes>, 2> records_;
  std::array<Sample, 2> samples_;
  std::mt19937 rng_{2};
  double limit_ = 0;
};

void run(benchmark::State& state, const Suite& suite, bool careless) {
  Forge forge(suite);
  Clock clock(suite, careless);
  Duel padding(forge, Kind::least_padding, Kind::most_padding);
  Duel failure(forge, Kind::wrong_mac, Kind::wrong_padding);
  padding.warm_up(clock);
  failure.warm_up(clock);
  for (auto _ : state) {
    padding.round(clock);
    failure.round(clock);
  }
  state.counters["t"] = std::max(std::abs(padding.t()), std::abs(failure.t()));
  state.counters["t_padding"] = padding.t();
  state.counters["t_failure"] = failure.t();
  state.counters["cycles_padding"] = padding.cycles();
  state.counters["cycles_failure"] = failure.cycles();
  state.counters["measurements"] = padding.measurements() + failure.measurements();
}

bool register_all() {
  // One row of each cipher and MAC. DTLS runs the same code but for the header.
  for (const char* name : {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA",
                           "ECDHE-RSA-AES128-SHA256", "AES256-SHA256", "ECDHE-RSA-AES256-SHA384"}) {
    const Suite& suite = *find_suite(Version::tls12, name);
    for (const bool careless : {false, true}) {
      const std::string title =
          "constant-time/" + std::string(name) + (careless ? "/careless" : "/open");
      benchmark::RegisterBenchmark(title.c_str(), run, suite, careless);
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace culvert::crypto::record::bench
