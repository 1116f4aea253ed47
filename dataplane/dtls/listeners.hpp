// Which local addresses and ports take DTLS: new clients where the configuration says so at this
// moment, and the tunnels of old ones for as long as they live.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/port/interface.hpp"

namespace culvert::dtls {

class Listeners {
 public:
  // One port on every address of the box, and as many that were given up.
  static constexpr size_t kMax = 2 * dp::kMaxLocalAddresses;

  // False if kMax take new clients already. Otherwise, where there is no place left, what was given
  // up first makes room.
  bool add(const dp::IpAddress& address, uint16_t port) noexcept {
    size_t at = find(address, port);
    if (at == kMax) {
      at = first([](const Listener& l) { return !l.takes_clients; });
      if (at == kMax) return false;
    } else if (at == size_) {
      ++size_;
    }
    list_[at] = {address, port, true};
    return true;
  }
  // No new clients any more. Those who are there stay, whichever worker their datagrams land on, and
  // wherever they move.
  void give_up(const dp::IpAddress& address, uint16_t port) noexcept {
    const size_t at = find(address, port);
    if (at == size_) return;
    list_[at].takes_clients = false;
    // Behind what was given up before.
    std::rotate(list_.data() + at, list_.data() + at + 1, list_.data() + size_);
  }
  // Whether datagrams to there are DTLS.
  [[nodiscard]] bool contains(const dp::IpAddress& address, uint16_t port) const noexcept {
    return find(address, port) != size_;
  }
  [[nodiscard]] bool takes_clients(const dp::IpAddress& address, uint16_t port) const noexcept {
    const size_t at = find(address, port);
    return at != size_ && list_[at].takes_clients;
  }

 private:
  struct Listener {
    dp::IpAddress address;
    uint16_t port = 0;
    bool takes_clients = false;
  };
  // size_ if there is none.
  [[nodiscard]] size_t first(auto&& of_interest) const noexcept {
    return static_cast<size_t>(std::find_if(list_.data(), list_.data() + size_, of_interest) -
                               list_.data());
  }
  [[nodiscard]] size_t find(const dp::IpAddress& address, uint16_t port) const noexcept {
    return first([&](const Listener& l) { return l.port == port && l.address == address; });
  }

  std::array<Listener, kMax> list_{};
  size_t size_ = 0;
};

}  // namespace culvert::dtls
