#include "bench/machine.hpp"

#include <cstdint>
#include <ctime>
#include <fstream>
#include <limits>
#include <map>
#include <string>

#include <benchmark/benchmark.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <x86intrin.h>

// There if the program has rows that need DPDK; nothing here makes it need it.
extern "C" [[gnu::weak]] const char* rte_version();

namespace culvert::bench {
namespace {

// "name : value" lines; of a name that comes several times the first counts.
std::map<std::string, std::string> read_fields(const char* path) {
  std::map<std::string, std::string> fields;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t name_end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    fields.emplace(line.substr(0, name_end + 1),
                   value == std::string::npos ? "" : line.substr(value));
  }
  return fields;
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

struct Moment {
  uint64_t cycles;
  uint64_t ns;
};

// TSC and clock at one time: of several readings that in which the least passed between two of the
// TSC, so an interruption does no harm.
Moment now() {
  Moment best{};
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (int i = 0; i < 20; i++) {
    timespec time{};
    const uint64_t before = __rdtsc();
    clock_gettime(CLOCK_MONOTONIC, &time);
    const uint64_t after = __rdtsc();
    if (after - before >= least) continue;
    least = after - before;
    best = {before + least / 2,
            static_cast<uint64_t>(time.tv_sec) * 1000000000U + static_cast<uint64_t>(time.tv_nsec)};
  }
  return best;
}

uint64_t measured_tsc_hz() {
  const Moment start = now();
  usleep(100000);
  const Moment end = now();
  return static_cast<uint64_t>(static_cast<double>(end.cycles - start.cycles) * 1e9 /
                               static_cast<double>(end.ns - start.ns));
}

std::string huge_pages() {
  auto memory = read_fields("/proc/meminfo");
  return memory["HugePages_Total"] + " of " + memory["Hugepagesize"] + ", " +
         memory["HugePages_Free"] +
         " free; transparent: " + first_line("/sys/kernel/mm/transparent_hugepage/enabled");
}

std::string compiler() {
#ifdef __clang__
  std::string text = "clang " __clang_version__;
#else
  std::string text = "gcc " __VERSION__;
#endif
#ifndef __OPTIMIZE__
  text += ", not optimised";
#endif
  return text + ", for " CULVERT_MARCH;
}

}  // namespace

void describe_machine(crypto::Isa isa, unsigned simd) {
  const auto add = [](const char* key, const std::string& value) {
    if (!value.empty()) benchmark::AddCustomContext(key, value);
  };
  auto cpu = read_fields("/proc/cpuinfo");
  add("cpu", cpu["model name"] + " (family " + cpu["cpu family"] + " model " + cpu["model"] +
                 " stepping " + cpu["stepping"] + ")");
  add("microcode", cpu["microcode"]);
  add("cores", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
  add("virtual", (cpu["flags"] + " ").find(" hypervisor ") == std::string::npos ? "no" : "yes");
  add("tsc_hz", std::to_string(measured_tsc_hz()));
  add("isa", std::string(crypto::to_string(isa)));
  if (simd != 0) add("simd", std::to_string(simd));
  utsname system{};
  uname(&system);
  add("kernel", std::string(system.sysname) + " " + system.release);
  add("huge_pages", huge_pages());
  add("compiler", compiler());
  add("ipsec_mb", std::string(crypto::ipsec_mb_version()));
  add("openssl", OpenSSL_version(OPENSSL_VERSION));
  if (rte_version != nullptr) add("dpdk", rte_version());
  add("culvert", CULVERT_VERSION);
  add("commit", commit());
}

}  // namespace culvert::bench
