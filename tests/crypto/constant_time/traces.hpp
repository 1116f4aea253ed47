// What a CPU does while a record is opened: the addresses of its instructions and of the data they touch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crypto/isa.hpp"

namespace culvert::crypto {

struct Step {
  uint64_t address;
  char kind;  // as lackey has them: I(nstruction), L(oad), S(tore), M(odify)

  bool operator==(const Step&) const = default;
};

struct Trace {
  std::string record;  // suite, version, size
  std::string group;   // what should be alike: all of a record and group
  std::string name;
  bool ok = false;  // whether it opened
  std::vector<Step> steps;
};

// Where IPsec-MB's code lies.
struct Library {
  uint64_t begin = 0;
  uint64_t end = 0;
  [[nodiscard]] bool has(uint64_t address) const noexcept {
    return address >= begin && address < end;
  }
};

// Runs constant_time_opener and calls `each` for every record. Both throw std::runtime_error where that cannot be done
// or does not come to its end.
using Each = std::function<void(const Library&, const Trace&)>;
// Under valgrind's lackey: every instruction and every access to memory. Valgrind 3.19 knows neither
// AVX-512 nor VAES nor the SHA instructions, and shows a CPU without them.
void trace_by_valgrind(Isa isa, const Each& each);
// By single-stepping with ptrace: the CPU's own, with all that it has, but instructions only.
void trace_by_steps(Isa isa, const Each& each);

}  // namespace culvert::crypto
