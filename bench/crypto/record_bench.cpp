// Record protection alone: crypto/SUITE/{seal,open}/SIZE/SESSIONS/{ours,raw,openssl}.
//
// SIZE is the payload. Bursts of 32 go to as many different sessions; with many sessions their key
// blocks come from memory. Sequence numbers are always fresh, and what is opened has been sealed for
// that number, outside the measured time: one record of ours that does not open fails the benchmark.
// Divide rows of one run only: `raw` over `ours` is the share of the time that IPsec-MB itself needs.
#include <chrono>
#include <string>

#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include "bench/crypto/rig.hpp"

namespace culvert::crypto::record::bench {
namespace {

using Make = std::unique_ptr<Subject> (*)(Rig&, bool);

void run(benchmark::State& state, Make make, const Suite& suite, bool opening, uint32_t size,
         size_t sessions) {
  const auto rig = std::make_unique<Rig>(suite, size, sessions);
  const auto subject = make(*rig, opening);
  uint64_t cycles = 0;
  std::chrono::steady_clock::duration time{};
  for (auto _ : state) {
    if (opening) {
      state.PauseTiming();
      rig->seal_for_next_pass();
      state.ResumeTiming();
    }
    const auto start = std::chrono::steady_clock::now();
    const uint64_t start_cycles = __rdtsc();
    const size_t failed = subject->pass();
    cycles += __rdtsc() - start_cycles;
    time += std::chrono::steady_clock::now() - start;
    if (failed != 0) {
      state.SkipWithError("records were not sealed, or did not open");
      return;
    }
  }
  const auto packets =
      static_cast<double>(rig->per_pass()) * static_cast<double>(state.iterations());
  const double seconds = std::chrono::duration<double>(time).count();
  state.counters["cycles_per_packet"] = static_cast<double>(cycles) / packets;
  state.counters["cycles_per_byte"] = static_cast<double>(cycles) / packets / size;
  state.counters["packets_per_second"] = packets / seconds;
  state.counters["bytes_per_second"] = packets * size / seconds;
}

void register_rows(const Suite& suite) {
  struct Row {
    const char* name;
    Make make;
  };
  for (const bool opening : {false, true}) {
    for (const uint32_t size : {64u, 256u, 576u, 1024u, 1400u}) {
      for (const size_t sessions : {size_t{1}, size_t{64}, size_t{10000}}) {
        for (const Row& row :
             {Row{"ours", make_ours}, Row{"raw", make_raw}, Row{"openssl", make_openssl}}) {
          const std::string title = "crypto/" + std::string(suite.name) +
                                    (opening ? "/open/" : "/seal/") + std::to_string(size) + "/" +
                                    std::to_string(sessions) + "/" + row.name;
          benchmark::RegisterBenchmark(title.c_str(), run, row.make, suite, opening, size,
                                       sessions);
        }
      }
    }
  }
}

bool register_all() {
  // One row of each version, cipher and MAC: suites that differ in their key exchange only are alike
  // here. The versions go by the name of the suite: PSK is DTLS 1.2, TLS_ is TLS 1.3.
  for (const char* name :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    register_rows(*find_suite(Version::tls13, name));
  }
  for (const char* name :
       {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256", "AES256-SHA256",
        "ECDHE-RSA-AES256-SHA384"}) {
    register_rows(*find_suite(Version::tls12, name));
  }
  for (const char* name :
       {"PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384", "PSK-CHACHA20-POLY1305"}) {
    register_rows(*find_suite(Version::dtls12, name));
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace culvert::crypto::record::bench
