// Record protection alone: crypto/SUITE/{seal,open}/SIZE/SESSIONS/{ours,raw,openssl}.
//
// SIZE is the payload. Bursts of 32 go to as many different sessions; with many sessions their key
// blocks come from memory. Sequence numbers are always fresh, and what is opened has been sealed for
// that number, outside the measured time: one record of ours that does not open fails the benchmark.
// Divide rows of one run only: `raw` over `ours` is the share of the time that IPsec-MB itself needs.
#include "bench/crypto/record_bench.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include "bench/crypto/rig.hpp"

namespace culvert::crypto::record::bench {
namespace {

using culvert::bench::Rows;
using Make = std::unique_ptr<Subject> (*)(Rig&, bool);

void run(benchmark::State& state, Make make, const Suite& suite, Isa isa, bool opening,
         uint32_t size, size_t sessions) {
  const auto rig = std::make_unique<Rig>(suite, size, sessions, isa);
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

void register_suite(const Rows& rows, const Suite& suite) {
  struct Subjects {
    const char* name;
    Make make;
  };
  std::vector<size_t> numbers{1, 64, 10000};
  if (rows.asked_for("1000")) numbers.push_back(1000);
  for (const bool opening : {false, true}) {
    for (const uint32_t size : {64u, 256u, 576u, 1024u, 1400u}) {
      for (const size_t sessions : numbers) {
        for (const Subjects& subject : {Subjects{"ours", make_ours}, Subjects{"raw", make_raw},
                                        Subjects{"openssl", make_openssl}}) {
          const std::string name = "crypto/" + std::string(suite.name) +
                                   (opening ? "/open/" : "/seal/") + std::to_string(size) + "/" +
                                   std::to_string(sessions) + "/" + subject.name;
          rows.add(name, [make = subject.make, &suite, isa = rows.isa(), opening, size,
                          sessions](benchmark::State& state) {
            run(state, make, suite, isa, opening, size, sessions);
          });
        }
      }
    }
  }
}

// Suites of one kind differ in their key exchange only, of which nothing is left here.
bool same_kind(const Suite& a, const Suite& b) noexcept {
  return a.version == b.version && a.cipher == b.cipher && a.mac == b.mac;
}

// Of a kind the suite is measured that most clients get: one with the usual certificate, and of
// DTLS 1.2, which has its other names from TLS 1.2, one with a pre-shared key.
bool usual(const Suite& suite) noexcept {
  if (suite.version == Version::dtls12) return suite.name.starts_with("PSK-");
  return suite.name.find("ECDSA") == std::string_view::npos && !suite.name.starts_with("DHE-");
}

}  // namespace

void register_rows(const Rows& rows) {
  std::vector<const Suite*> kinds;
  std::vector<std::string_view> names;
  const auto add = [&](const Suite& suite, bool wanted) {
    if (!wanted || std::find(names.begin(), names.end(), suite.name) != names.end()) return;
    names.push_back(suite.name);
    register_suite(rows, suite);
  };
  for (const std::span<const Suite> table : {tls_suites(), dtls_suites()}) {
    for (const Suite& suite : table) {
      if (!usual(suite)) continue;
      const bool known = std::any_of(kinds.begin(), kinds.end(), [&suite](const Suite* kind) {
        return same_kind(suite, *kind);
      });
      if (!known) kinds.push_back(&suite);
      add(suite, !known || rows.asked_for(suite.name));
    }
  }
  for (const Suite& suite : tls_suites())
    add(suite, rows.asked_for(suite.name));
}

}  // namespace culvert::crypto::record::bench
