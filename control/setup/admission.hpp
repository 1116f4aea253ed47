// How many connections are in set-up, in all and per client address: a place is held as long as its
// token lives.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "control/setup/environment.hpp"

namespace culvert::control {

class Admission {
 public:
  class Token {
   public:
    Token(Admission& admission, const IpAddress& source) noexcept
        : admission_(&admission), source_(source) {}
    Token(Token&& other) noexcept : admission_(other.admission_), source_(other.source_) {
      other.admission_ = nullptr;
    }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    Token& operator=(Token&&) = delete;
    ~Token() {
      if (admission_ != nullptr) admission_->leave(source_);
    }

   private:
    Admission* admission_;
    IpAddress source_;
  };

  Admission(const SetupLimits& limits, SetupStats& stats) : limits_(limits), stats_(stats) {}

  // Nothing, and a count in the statistics, if a limit is reached.
  [[nodiscard]] std::optional<Token> enter(const IpAddress& source) {
    if (total_ >= limits_.half_set_up) {
      stats_.refused_total++;
      return std::nullopt;
    }
    unsigned& same = per_source_[source];
    if (same >= limits_.half_set_up_per_source) {
      stats_.refused_source++;
      return std::nullopt;
    }
    same++;
    total_++;
    return Token(*this, source);
  }
  [[nodiscard]] unsigned total() const noexcept { return total_; }

 private:
  struct Hash {
    size_t operator()(const IpAddress& address) const noexcept {
      const auto& b = address.bytes();
      return std::hash<std::string_view>{}({reinterpret_cast<const char*>(b.data()), b.size()});
    }
  };

  void leave(const IpAddress& source) noexcept {
    total_--;
    const auto found = per_source_.find(source);
    if (--found->second == 0) per_source_.erase(found);
  }

  const SetupLimits& limits_;
  SetupStats& stats_;
  unsigned total_ = 0;
  std::unordered_map<IpAddress, unsigned, Hash> per_source_;
};

}  // namespace culvert::control
