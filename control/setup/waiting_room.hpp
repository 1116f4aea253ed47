// Connections that have no place in set-up yet: those whose client has not said hello, and those that have
// and wait for their turn. They cost a few hundred bytes and their hello; no OpenSSL, no thread.
//
// Sources (source_of()) have turns, and within one the first is the first. Where all have come to an end, whoever has
// most of them here has to give one up, so that nobody can fill the room.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/setup/arrival.hpp"
#include "control/setup/environment.hpp"

namespace culvert::control {

class WaitingRoom {
 public:
  struct Guest {
    Arrival arrival;
    uint64_t since_us = 0;         // that it came, or that it said hello
    std::vector<uint8_t> hello{};  // its first record; empty: not yet
  };

  // `limits` outlives it: waiting_bytes, handshake_s, wait_s.
  explicit WaitingRoom(const SetupLimits& limits) : limits_(limits) {}
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  // Who has to go for want of room, if anybody: it may be the one that came. `most`: that may be here.
  [[nodiscard]] std::optional<dp::ConnId> enter(const Arrival& arrival, size_t most,
                                                uint64_t now_us);
  [[nodiscard]] bool holds(dp::ConnId conn) const { return guests_.contains(conn); }
  // Its first record: from now on it waits for its turn. False: there is no room for the bytes, and it is
  // here no longer. One that is not here, or has spoken, stays as it is.
  [[nodiscard]] bool speak(dp::ConnId conn, std::span<const uint8_t> hello, uint64_t now_us);
  // Takes out the next of those who have spoken, of the first source that `takes` one more.
  [[nodiscard]] std::optional<Guest> next(
      const std::function<bool(const dp::IpAddress& source)>& takes);
  // It is gone. False: it was not here.
  bool leave(dp::ConnId conn);
  // Takes out those whose time is over: without a hello handshake_s, with one wait_s.
  [[nodiscard]] std::vector<Guest> expire(uint64_t now_us);

  [[nodiscard]] size_t silent() const noexcept { return silent_.size(); }
  [[nodiscard]] size_t ready() const noexcept { return ready_.size(); }
  [[nodiscard]] size_t size() const noexcept { return guests_.size(); }
  [[nodiscard]] size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry;
  using Line = std::list<Entry*>;
  struct Entry {
    Guest guest;
    dp::IpAddress source;
    Line::iterator by_age{};  // in silent_ or ready_
    Line::iterator of_its_source{};
  };
  struct Source {
    Line silent, ready;
    std::list<dp::IpAddress>::iterator turn{};  // while anything is ready
    [[nodiscard]] size_t size() const noexcept { return silent.size() + ready.size(); }
  };

  [[nodiscard]] Entry* who_yields(const dp::IpAddress& newcomer, uint64_t now_us) const;
  void stand_in_line(Entry& entry);
  void leave_line(Entry& entry);
  Guest take_out(Entry& entry);

  const SetupLimits& limits_;
  std::unordered_map<dp::ConnId, Entry, HashConn> guests_;
  Line silent_, ready_;  // the longest first
  std::map<dp::IpAddress, Source> sources_;
  std::list<dp::IpAddress> turns_;  // of the sources with somebody ready
  std::set<std::pair<size_t, dp::IpAddress>> by_size_;
  size_t bytes_ = 0;
};

}  // namespace culvert::control
