// How many connections are in set-up, in all and of one client (source_of()): a place is held as long as
// its token lives.
#pragma once

#include "control/setup/environment.hpp"
#include "control/setup/key_counts.hpp"

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

  explicit Admission(const SetupLimits& limits) : limits_(limits) {}

  [[nodiscard]] bool full() const noexcept { return total_ >= limits_.half_set_up; }
  // Whether there is a place for one more of `source`, if there is one at all.
  [[nodiscard]] bool takes(const IpAddress& source) const {
    return per_source_.below(source, limits_.half_set_up_per_source);
  }
  // The caller has asked both.
  [[nodiscard]] Token enter(const IpAddress& source) {
    per_source_.add(source);
    total_++;
    return Token(*this, source);
  }
  [[nodiscard]] unsigned total() const noexcept { return total_; }

 private:
  void leave(const IpAddress& source) noexcept {
    total_--;
    per_source_.remove(source);
  }

  const SetupLimits& limits_;
  unsigned total_ = 0;
  KeyCounts<IpAddress> per_source_;
};

}  // namespace culvert::control
