#include "bench/rows.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace culvert::bench {
namespace {

// What names of suites are made of.
bool in_word(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

Rows::Rows(std::string filter, std::string only, crypto::Isa isa, bool progress)
    : filter_(std::move(filter)), only_(std::move(only)), isa_(isa), progress_(progress) {
  // `AES128\-SHA` names AES128-SHA, too.
  filter_.erase(std::remove(filter_.begin(), filter_.end(), '\\'), filter_.end());
}

bool Rows::asked_for(std::string_view word) const noexcept {
  for (size_t at = filter_.find(word); at != std::string::npos; at = filter_.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !in_word(filter_[at - 1])) && (end == filter_.size() || !in_word(filter_[end])))
      return true;
  }
  return false;
}

void Rows::add(const std::string& name, std::function<void(benchmark::State&)> run) const {
  if (!only_.empty() && !name.starts_with(only_ + "/")) return;
  benchmark::RegisterBenchmark(
      name.c_str(), [name, run = std::move(run), progress = progress_](benchmark::State& state) {
        if (progress) {
          std::fprintf(stderr, "run %s %lld\n", name.c_str(),
                       static_cast<long long>(state.max_iterations));
        }
        run(state);
      });
}

}  // namespace culvert::bench
