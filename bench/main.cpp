// culvert-bench: Google Benchmark with our options, our rows, and a context that tells what machine
// and which libraries the numbers are of.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <benchmark/benchmark.h>

#include "bench/crypto/record_bench.hpp"
#include "bench/datapath/datapath_bench.hpp"
#include "bench/machine.hpp"
#include "bench/options.hpp"
#include "bench/rows.hpp"

namespace {

using namespace culvert;

// Google Benchmark calls this when one of its options has a value that it does not take.
void refuse_value() {
  std::fprintf(stderr, "culvert-bench: an option has a value that it does not take: see --help\n");
  std::exit(2);
}

int run(int argc, char** argv) {
  const bench::Options options = bench::take_options(argc, argv);
  if (options.help) {
    std::fputs(bench::help_text(), stdout);
    return 0;
  }
  if (!options.error.empty()) {
    std::fprintf(stderr, "culvert-bench: %s: see --help\n", options.error.c_str());
    return 2;
  }
  benchmark::Initialize(&argc, argv, refuse_value);
  if (argc > 1) {
    std::fprintf(stderr, "culvert-bench: it does not take '%s': see --help\n", argv[1]);
    return 2;
  }
  const crypto::Isa isa = crypto::best_isa(options.simd);
  const bench::Rows rows(benchmark::GetBenchmarkFilter(), options.only, isa, options.progress);
  crypto::record::bench::register_rows(rows);
  bench::register_datapath_rows(rows);
  bench::describe_machine(isa, options.simd);
  // What is wrong with a filter, Google Benchmark has said.
  const bool any = benchmark::RunSpecifiedBenchmarks() != 0;
  benchmark::Shutdown();
  return any ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "culvert-bench: %s\n", error.what());
    return 1;
  }
}
