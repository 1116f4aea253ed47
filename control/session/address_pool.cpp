// Least recently used addresses first, with a preference for the client's worker.
#include "control/session/address_pool.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"

namespace culvert::control {

namespace {

// Which address of the pool this is.
std::optional<uint32_t> number_of(const Pool6Config& pool, const IpAddress& address) {
  if (address < pool.first || address > pool.last()) return std::nullopt;
  // The pool is far smaller than 2^32, so the last four bytes tell, modulo a carry.
  const auto low = [](const IpAddress& a) { return load_be<uint32_t>(a.bytes().data() + 12); };
  return low(address) - low(pool.first);
}

}  // namespace

AddressPool::AddressPool(const PoolConfig& config, HomeOf home_of, std::set<uint32_t> excluded,
                         AddressOf address_of)
    : config_(config),
      home_of_(std::move(home_of)),
      address_of_(std::move(address_of)),
      excluded_(std::move(excluded)),
      next_fresh_(config.first) {
  std::erase_if(excluded_, [&](uint32_t a) { return a < config.first || a > config.last; });
}

uint64_t AddressPool::size() const noexcept {
  if (config_.last < config_.first) return 0;
  return uint64_t{config_.last} - config_.first + 1 - excluded_.size();
}

bool AddressPool::contains(uint32_t address) const noexcept {
  return address >= config_.first && address <= config_.last && !excluded_.contains(address);
}

uint8_t AddressPool::home(uint32_t address) const {
  return static_cast<uint8_t>(home_of_(address_of_(address)) % dp::kMaxWorkers);
}

void AddressPool::add_free(uint32_t address) {
  turn_[address] = next_turn_;
  free_[home(address)].emplace(next_turn_++, address);
}

void AddressPool::remove_free(uint32_t address) {
  const auto found = turn_.find(address);
  if (found == turn_.end()) return;
  free_[home(address)].erase(found->second);
  turn_.erase(found);
}

std::optional<uint32_t> AddressPool::oldest(unsigned worker) const {
  const auto& line = free_[worker % dp::kMaxWorkers];
  if (line.empty()) return std::nullopt;
  return line.begin()->second;
}

std::optional<uint32_t> AddressPool::acquire(unsigned worker, std::optional<uint32_t> wish) {
  const auto take = [&](uint32_t address) {
    remove_free(address);
    used_.insert(address);
    return address;
  };
  if (wish && contains(*wish) && !used_.contains(*wish)) return take(*wish);

  for (unsigned i = 0; i < kLookahead && next_fresh_ <= config_.last; i++) {
    const auto address = static_cast<uint32_t>(next_fresh_++);
    // A wish may have taken it before its turn, and given it back.
    if (!contains(address) || used_.contains(address) || turn_.contains(address)) continue;
    if (home(address) == worker) return take(address);
    add_free(address);
  }
  if (const auto address = oldest(worker)) return take(*address);
  // No address has its home here: the one that has waited longest, and the ring between the
  // workers.
  const std::map<uint64_t, uint32_t>* best = nullptr;
  for (const auto& line : free_) {
    if (!line.empty() && (best == nullptr || line.begin()->first < best->begin()->first))
      best = &line;
  }
  if (best == nullptr) return std::nullopt;
  return take(best->begin()->second);
}

bool AddressPool::acquire_fixed(uint32_t address) {
  if (used_.contains(address)) return false;
  remove_free(address);
  used_.insert(address);
  return true;
}

void AddressPool::release(uint32_t address) {
  if (used_.erase(address) != 0) add_free(address);
}

AddressPools::AddressPools(const Config& config, const HomeOf& home_of) {
  for (const InterfaceConfig& interface : config.interfaces) {
    if (interface.address.is_v4()) own_.insert(interface.address.v4_value());
    for (const Ipv6Prefix& own : interface.ipv6_addresses)
      own6_.insert(own.address);
  }
  for (const auto& [name, pool] : config.pools)
    pools_.emplace(name, AddressPool(pool, home_of, own_));
  for (const auto& [name, pool] : config.pools6) {
    const PoolConfig numbers{name, 0, pool.count - 1, 0};
    const auto address_of = [first = pool.first](uint32_t n) { return dp::plus6(first, n); };
    // An interface's own address in a pool is refused when the configuration is read.
    pools6_.emplace(name, Pool6{pool, AddressPool(numbers, home_of, {}, address_of)});
  }
}

std::optional<AddressLease> AddressPools::acquire(const std::vector<std::string>& pools,
                                                  unsigned worker,
                                                  const std::vector<IpAddress>& wishes) {
  std::optional<uint32_t> wish;
  for (const IpAddress& address : wishes) {
    if (address.is_v4()) wish = address.v4_value();
  }
  for (const std::string& name : pools) {
    const auto found = pools_.find(name);
    if (found == pools_.end()) continue;
    if (const auto address = found->second.acquire(worker, wish)) {
      return AddressLease{name, *address, found->second.mask()};
    }
  }
  return std::nullopt;
}

std::optional<AddressLease> AddressPools::acquire_fixed(const IpAddress& address,
                                                        std::optional<uint32_t> mask) {
  if (!address.is_v4()) return std::nullopt;
  const uint32_t value = address.v4_value();
  const uint32_t first_byte = value >> 24;
  // This network, loopback, multicast and what is above it are no host's.
  if (own_.contains(value) || first_byte == 0 || first_byte == 127 || first_byte >= 224)
    return std::nullopt;
  for (auto& [name, pool] : pools_) {
    if (!pool.contains(value)) continue;
    if (!pool.acquire_fixed(value)) return std::nullopt;
    return AddressLease{name, value, mask.value_or(pool.mask())};
  }
  if (!outside_pools_.insert(value).second) return std::nullopt;
  return AddressLease{"", value, mask.value_or(0xffffffff)};
}

void AddressPools::release(const AddressLease& lease) {
  if (lease.pool.empty()) outside_pools_.erase(lease.address);
  const auto found = pools_.find(lease.pool);
  if (found != pools_.end()) found->second.release(lease.address);
}

std::optional<AddressLease6> AddressPools::acquire6(const std::vector<std::string>& pools,
                                                    unsigned worker,
                                                    const std::vector<IpAddress>& wishes) {
  for (const std::string& name : pools) {
    const auto found = pools6_.find(name);
    if (found == pools6_.end()) continue;
    Pool6& pool = found->second;
    std::optional<uint32_t> wish;
    for (const IpAddress& address : wishes) {
      if (const auto number = number_of(pool.config, address)) wish = number;
    }
    if (const auto number = pool.numbers.acquire(worker, wish)) {
      return AddressLease6{name, *number, dp::plus6(pool.config.first, *number),
                           pool.config.prefix};
    }
  }
  return std::nullopt;
}

std::optional<AddressLease6> AddressPools::acquire_fixed6(const IpAddress& address) {
  constexpr uint8_t kAlone = 128;  // of no network
  if (address.is_v4() || address.is_unspecified() || dp::is_multicast6(address) ||
      dp::is_link_local6(address) || dp::is_loopback6(address) || own6_.contains(address)) {
    return std::nullopt;
  }
  for (auto& [name, pool] : pools6_) {
    const auto number = number_of(pool.config, address);
    if (!number) continue;
    if (!pool.numbers.acquire_fixed(*number)) return std::nullopt;
    return AddressLease6{name, *number, address, pool.config.prefix};
  }
  if (!outside_pools6_.insert(address).second) return std::nullopt;
  return AddressLease6{"", 0, address, kAlone};
}

void AddressPools::release(const AddressLease6& lease) {
  if (lease.pool.empty()) outside_pools6_.erase(lease.address);
  const auto found = pools6_.find(lease.pool);
  if (found != pools6_.end()) found->second.numbers.release(lease.number);
}

const AddressPool* AddressPools::find(const std::string& name) const {
  const auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : &found->second;
}

uint64_t AddressPools::in_use() const noexcept {
  uint64_t total = outside_pools_.size() + outside_pools6_.size();
  for (const auto& [name, pool] : pools_)
    total += pool.in_use();
  for (const auto& [name, pool] : pools6_)
    total += pool.numbers.in_use();
  return total;
}

}  // namespace culvert::control
