// Connections in the order in which they began to wait for something, so that the one that has
// waited longest can be given up for a newcomer. Intrusive; a connection is in one list at most.
#pragma once

#include <cstdint>

#include "dataplane/tcp/connection.hpp"

namespace culvert::tcp {

class AgeList {
 public:
  AgeList() = default;
  AgeList(const AgeList&) = delete;  // members point here
  AgeList& operator=(const AgeList&) = delete;

  // `c` is in no list.
  void push(Connection& c) noexcept {
    c.waits_in = this;
    c.older = newest_;
    c.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &c;
    newest_ = &c;
    ++size_;
  }
  // Takes `c` out of the list that it is in, if any.
  static void remove(Connection& c) noexcept {
    if (c.waits_in == nullptr) return;
    AgeList& list = *c.waits_in;
    (c.older != nullptr ? c.older->newer : list.oldest_) = c.newer;
    (c.newer != nullptr ? c.newer->older : list.newest_) = c.older;
    c.older = c.newer = nullptr;
    c.waits_in = nullptr;
    --list.size_;
  }
  [[nodiscard]] Connection* oldest() const noexcept { return oldest_; }
  [[nodiscard]] uint32_t size() const noexcept { return size_; }

 private:
  Connection* oldest_ = nullptr;
  Connection* newest_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace culvert::tcp
