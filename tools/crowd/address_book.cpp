#include "tools/crowd/address_book.hpp"

#include <bit>
#include <stdexcept>

#include "dataplane/packet/crc.hpp"

namespace culvert::crowd {

AddressBook::AddressBook(const std::vector<dp::IpAddress>& addresses)
    : addresses_(addresses),
      table_(std::bit_ceil(2 * addresses.size() + 2), kNone),
      silent_(addresses.size()) {
  if (addresses.empty()) throw std::runtime_error("a crowd needs a source address");
  for (uint32_t i = 0; i < addresses.size(); ++i) {
    const dp::IpAddress& address = addresses[i];
    if (address.is_v4() != addresses.front().is_v4()) {
      throw std::runtime_error("the source addresses are of both families");
    }
    if (owns(address)) {
      throw std::runtime_error("the source address " + address.to_string() + " is there twice");
    }
    size_t at = dp::crc_of(address) & (table_.size() - 1);
    while (table_[at] != kNone)
      at = (at + 1) & (table_.size() - 1);
    table_[at] = i;
  }
}

uint32_t AddressBook::find(const dp::IpAddress& address) const noexcept {
  for (size_t at = dp::crc_of(address);; ++at) {
    const uint32_t index = table_[at & (table_.size() - 1)];
    if (index == kNone || addresses_[index] == address) return index;
  }
}

void AddressBook::silence(const dp::IpAddress& address, uint16_t port, Transport transport) {
  const uint32_t index = find(address);
  if (index == kNone) return;
  auto& ports = silent_[index].ports[static_cast<size_t>(transport)];
  if (ports == nullptr) ports = std::make_unique<uint64_t[]>(kWords);
  ports[port / 64] |= uint64_t{1} << (port % 64);
  any_silent_ = true;
}

bool AddressBook::silent(const dp::IpAddress& address, uint16_t port,
                         Transport transport) const noexcept {
  const uint32_t index = find(address);
  if (index == kNone) return false;
  const auto& ports = silent_[index].ports[static_cast<size_t>(transport)];
  return ports != nullptr && (ports[port / 64] >> (port % 64) & 1) != 0;
}

}  // namespace culvert::crowd
