// The rows of culvert-bench on their way to Google Benchmark.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "crypto/isa.hpp"

namespace culvert::bench {

class Rows {
 public:
  // `filter` is that of the command line. With `progress` standard error gets a line as each
  // measurement begins: "run NAME ITERATIONS", of which the first few of a row look for a number of
  // iterations that takes long enough.
  Rows(std::string filter, crypto::Isa isa, bool progress);

  // What rows must use.
  [[nodiscard]] crypto::Isa isa() const noexcept { return isa_; }

  // Whether the filter has this word, not as part of a longer one: rows that say nothing new are
  // registered only for those who ask for them by name.
  [[nodiscard]] bool asked_for(std::string_view word) const noexcept;

  void add(const std::string& name, std::function<void(benchmark::State&)> run) const;

 private:
  std::string filter_;
  crypto::Isa isa_;
  bool progress_;
};

}  // namespace culvert::bench
