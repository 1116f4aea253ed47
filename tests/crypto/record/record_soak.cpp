// Millions of random records, ours against OpenSSL's: record_soak [--records N] [--seed N]
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <random>
#include <string_view>

#include "tests/crypto/isas.hpp"
#include "tests/crypto/record/soak.hpp"

namespace {

using namespace culvert::crypto;

constexpr const char* kUsage =
    "usage: record_soak [--records N] [--seed N]\n\n"
    "  Seals and opens random records of every suite, in bursts over many sessions, against "
    "OpenSSL's EVP, on every\n"
    "  instruction set of this machine. N records (1000000) are sealed on each, and nearly as many "
    "opened.\n";

bool number(const char* text, uint64_t& out) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, out);
  return error == std::errc{} && at == end;
}

void soak(Isa isa, uint64_t seed, uint64_t records) {
  const auto name = std::string(to_string(isa));
  record::Soak soak(isa, seed);
  uint64_t shown = 0;
  const auto show = [&](char end) {
    std::printf("\r%-6s %10lu sealed %10lu opened %9lu refused%c", name.c_str(), soak.sealed(),
                soak.opened(), soak.refused(), end);
    std::fflush(stdout);
  };
  while (soak.sealed() < records) {
    soak.burst();
    if (soak.sealed() - shown < 50'000) continue;
    shown = soak.sealed();
    show(' ');
  }
  show('\n');
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t records = 1'000'000;
  uint64_t seed = std::random_device{}();
  for (int i = 1; i < argc; i += 2) {
    const std::string_view word = argv[i];
    uint64_t* const to = word == "--records" ? &records : word == "--seed" ? &seed : nullptr;
    if (to == nullptr || i + 1 == argc || !number(argv[i + 1], *to)) {
      std::fputs(kUsage, word == "--help" ? stdout : stderr);
      return word == "--help" ? 0 : 2;
    }
  }
  std::printf("seed %lu\n", seed);
  try {
    for (const Isa isa : usable_isas())
      soak(isa, seed, records);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "\nrecord_soak: %s (seed %lu)\n", e.what(), seed);
    return 1;
  }
  return 0;
}
