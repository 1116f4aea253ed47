// Inner addresses from `ip local pool`s. An address that was given back comes last in line, so that
// packets for a client that left do not reach the next one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "control/config/config.hpp"
#include "dataplane/session/session.hpp"

namespace culvert::control {

using HomeOf = std::function<uint8_t(const IpAddress&)>;
using AddressOf = std::function<IpAddress(uint32_t)>;

// One range of addresses, which are numbers here: IPv4 addresses in host order, or how far an IPv6
// address is from the pool's first one.
class AddressPool {
 public:
  // `excluded`: numbers in the range whose addresses belong to the headend itself.
  AddressPool(const PoolConfig& config, HomeOf home_of, std::set<uint32_t> excluded,
              AddressOf address_of = &IpAddress::v4);

  // Prefers `wish` if it is free, then an address whose home is `worker`, then any. Never used
  // addresses go before used ones. Nothing when the pool is exhausted.
  [[nodiscard]] std::optional<uint32_t> acquire(unsigned worker, std::optional<uint32_t> wish);
  void release(uint32_t address);
  [[nodiscard]] bool contains(uint32_t address) const noexcept;
  // Just this one, which the pool contains. False if it is taken.
  [[nodiscard]] bool acquire_fixed(uint32_t address);

  [[nodiscard]] uint32_t mask() const noexcept { return config_.mask; }
  [[nodiscard]] uint64_t size() const noexcept;  // addresses that can be given out
  [[nodiscard]] uint64_t in_use() const noexcept { return used_.size(); }

 private:
  // How many never used addresses are looked at to find one with the right home. With 64 workers
  // the chance to find none is below one in a million.
  static constexpr unsigned kLookahead = 1024;

  [[nodiscard]] uint8_t home(uint32_t address) const;
  void add_free(uint32_t address);
  void remove_free(uint32_t address);
  [[nodiscard]] std::optional<uint32_t> oldest(unsigned worker) const;

  PoolConfig config_;
  HomeOf home_of_;
  AddressOf address_of_;
  std::set<uint32_t> excluded_;
  uint64_t next_fresh_;  // first address that nobody has looked at; > last: none
  uint64_t next_turn_ = 0;
  std::array<std::map<uint64_t, uint32_t>, dp::kMaxWorkers> free_;  // per home, by turn
  std::unordered_map<uint32_t, uint64_t> turn_;                     // of the free ones
  std::unordered_set<uint32_t> used_;
};

struct AddressLease {
  std::string pool;      // "" = of no pool
  uint32_t address = 0;  // host order
  uint32_t mask = 0;
};

struct AddressLease6 {
  std::string pool;     // "" = of no pool
  uint32_t number = 0;  // in the pool
  IpAddress address;
  uint8_t prefix = 64;
};

// All pools of the configuration, by name.
class AddressPools {
 public:
  AddressPools(const Config& config, const HomeOf& home_of);

  // From the first of `pools` that has one. Names that do not exist are passed over.
  [[nodiscard]] std::optional<AddressLease> acquire(const std::vector<std::string>& pools,
                                                    unsigned worker,
                                                    const std::vector<IpAddress>& wishes);
  // An address that a server assigned, in a pool or outside of all (then `mask`, else of 32 bits).
  // Nothing if it is taken, belongs to the headend, or is nobody's to have.
  [[nodiscard]] std::optional<AddressLease> acquire_fixed(const IpAddress& address,
                                                          std::optional<uint32_t> mask);
  void release(const AddressLease& lease);
  // The same for IPv6.
  [[nodiscard]] std::optional<AddressLease6> acquire6(const std::vector<std::string>& pools,
                                                      unsigned worker,
                                                      const std::vector<IpAddress>& wishes);
  [[nodiscard]] std::optional<AddressLease6> acquire_fixed6(const IpAddress& address);
  void release(const AddressLease6& lease);
  [[nodiscard]] const AddressPool* find(const std::string& name) const;
  [[nodiscard]] uint64_t in_use() const noexcept;

 private:
  struct Pool6 {
    Pool6Config config;
    AddressPool numbers;
  };
  std::map<std::string, AddressPool> pools_;
  std::map<std::string, Pool6> pools6_;
  std::set<uint32_t> own_;  // the headend's
  std::set<IpAddress> own6_;
  std::set<uint32_t> outside_pools_;  // assigned by a server, in use
  std::set<IpAddress> outside_pools6_;
};

}  // namespace culvert::control
