// The addresses that a crowd has, and which of their ports have fallen silent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert::crowd {

enum class Transport : uint8_t { tcp, udp };

class AddressBook {
 public:
  // Throws std::runtime_error: none, one twice, of both families.
  explicit AddressBook(const std::vector<dp::IpAddress>& addresses);

  [[nodiscard]] bool owns(const dp::IpAddress& address) const noexcept {
    return find(address) != kNone;
  }
  [[nodiscard]] const std::vector<dp::IpAddress>& all() const noexcept { return addresses_; }

  // From now on nothing is to leave from there or to be heard, for as long as the crowd lives: a client that is
  // gone without a word does not come back under its old port.
  void silence(const dp::IpAddress& address, uint16_t port, Transport transport);
  [[nodiscard]] bool any_silent() const noexcept { return any_silent_; }
  [[nodiscard]] bool silent(const dp::IpAddress& address, uint16_t port,
                            Transport transport) const noexcept;

 private:
  static constexpr uint32_t kNone = ~0u;
  static constexpr uint32_t kWords = 65536 / 64;
  struct Silent {  // a bit for each port; made when an address has its first
    std::unique_ptr<uint64_t[]> ports[2];
  };
  [[nodiscard]] uint32_t find(const dp::IpAddress& address) const noexcept;

  std::vector<dp::IpAddress> addresses_;
  std::vector<uint32_t> table_;  // open addressing: indices, kNone; a power of two
  std::vector<Silent> silent_;
  bool any_silent_ = false;
};

}  // namespace culvert::crowd
