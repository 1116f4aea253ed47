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
  // `only` is the first part of the names of the rows that are wanted; empty: all of them.
  Rows(std::string filter, std::string only, crypto::Isa isa, bool progress);

  // What rows must use.
  [[nodiscard]] crypto::Isa isa() const noexcept { return isa_; }

  // Whether the filter has this word, not as part of a longer one: rows that say nothing new are
  // registered only for those who ask for them by name.
  [[nodiscard]] bool asked_for(std::string_view word) const noexcept;

  // Does nothing for a row that is not wanted.
  void add(const std::string& name, std::function<void(benchmark::State&)> run) const;

 private:
  std::string filter_;
  std::string only_;
  crypto::Isa isa_;
  bool progress_;
};

}  // namespace culvert::bench
