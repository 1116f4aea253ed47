#include "bench/options.hpp"

#include <string_view>

namespace culvert::bench {
namespace {

constexpr const char* kHelp =
    R"(usage: culvert-bench [--simd 128|256|512] [--only KIND] [--progress] [--benchmark_filter=REGEX]
                     [--benchmark_...]

  Measures what one core does. `tools/bench-report` runs this program and makes a table and a page with plots of it.

  rows      crypto/SUITE/{seal,open}/SIZE/SESSIONS/{ours,raw,openssl}
            SIZE is the payload in bytes, SESSIONS the number of key blocks in use. `ours` is the record layer as
            workers call it, `raw` IPsec-MB's calls alone on the same key blocks in the same order, `openssl` its EVP.
            datapath/{dtls,cstp}/SUITE/{up,down}/SIZE/SESSIONS
            Whole packets through a worker's stages. SIZE is the inner packet; `up` is from clients. Root is needed:
            these rows reserve huge pages while they run. docs/benchmarks.md tells what they leave out.
  suites    by OpenSSL's names. Suites that differ only in their key exchange are alike here, so a run without a filter
            has one of each kind; any other is there if the filter names it: --benchmark_filter='crypto/AES128-SHA/'.
            TLS 1.2 and DTLS 1.2 share names: such a row is TLS 1.2's, and the kinds of DTLS go by their PSK-... names.
  sessions  1, 64, 10000, and 1000 if the filter has that number: --benchmark_filter='/1400/1000/'; in datapath rows
            1, 100, 1000, 10000, 100000
  counters  cycles_per_packet, cycles_per_byte (of the TSC, whose frequency is tsc_hz in the output's context),
            packets_per_second, bytes_per_second (payload). Divide rows of one run only.

  --simd BITS     the widest vector registers to use, as `simd` in the headend's `dataplane` mode: 128 is SSE, 256 AVX2,
                  512 AVX512 (default: what the CPU has)
  --only KIND     rows of one kind: crypto, or datapath
  --progress      a line on standard error as each measurement begins
  --help          this text

  Options of Google Benchmark, among others:
  --benchmark_filter=REGEX                      which rows; a leading - means all others
  --benchmark_list_tests=true                   the names of the rows, measuring nothing
  --benchmark_min_time=SECONDS                  of each repetition (default 0.5)
  --benchmark_repetitions=N                     medians of N; with these two for comparisons:
  --benchmark_enable_random_interleaving=true
  --benchmark_report_aggregates_only=true
  --benchmark_format=console|json|csv           on standard output
  --benchmark_out=FILE --benchmark_out_format=json
)";

// The value of an option that is written `--name=value` or `--name value`.
bool take_value(std::string_view name, int argc, char** argv, int& at, std::string_view& value) {
  const std::string_view word = argv[at];
  if (word == name) {
    value = at + 1 < argc ? argv[++at] : "";
    return true;
  }
  if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
    value = word.substr(name.size() + 1);
    return true;
  }
  return false;
}

}  // namespace

Options take_options(int& argc, char** argv) {
  Options options;
  int kept = 1;
  for (int at = 1; at < argc; at++) {
    const std::string_view word = argv[at];
    std::string_view value;
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--progress") {
      options.progress = true;
    } else if (take_value("--simd", argc, argv, at, value)) {
      if (value == "128" || value == "256" || value == "512") {
        options.simd = static_cast<unsigned>(std::stoul(std::string(value)));
      } else {
        options.error = "--simd takes 128, 256 or 512 (bits), not '" + std::string(value) + "'";
      }
    } else if (take_value("--only", argc, argv, at, value)) {
      if (value == "crypto" || value == "datapath") {
        options.only = value;
      } else {
        options.error = "--only takes crypto or datapath, not '" + std::string(value) + "'";
      }
    } else if (word.starts_with("--benchmark_") || word.starts_with("--v=")) {
      argv[kept++] = argv[at];
    } else {
      options.error = "'" + std::string(word) + "' is no option of it";
    }
  }
  argc = kept;
  argv[argc] = nullptr;
  return options;
}

const char* help_text() noexcept {
  return kHelp;
}

}  // namespace culvert::bench
