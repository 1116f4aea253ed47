// DPDK devices as administrators write them: a PCI address, or a virtual device with its arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace culvert::dp {

struct DeviceName {
  bool pci = false;
  std::string name;       // "0000:18:00.0" (always with domain), "net_af_packet0"
  std::string arguments;  // "iface=veth0"; what follows the first comma

  // The value of `key=` among the arguments.
  [[nodiscard]] std::optional<std::string> argument(std::string_view key) const;
  // "net_af_packet" for "net_af_packet0"; empty for PCI.
  [[nodiscard]] std::string_view driver() const noexcept;

  friend bool operator==(const DeviceName&, const DeviceName&) = default;
};

// Throws std::runtime_error for what can be neither.
[[nodiscard]] DeviceName parse_device_name(std::string_view text);

// Why the device cannot work, as far as the system can tell before DPDK touches it: no such PCI
// device, bound to a kernel driver, no such network interface in this network namespace, no such
// file, no permission. One sentence that says what to do; nullopt if nothing speaks against it.
[[nodiscard]] std::optional<std::string> obstacle(const DeviceName& device);

// Whether the card reads and writes physical memory with no IOMMU between them (UIO drivers, VFIO in
// its "noiommu" mode). It then works with huge pages only: where other pages are, nobody knows.
[[nodiscard]] bool wants_physical_addresses(const DeviceName& device);

}  // namespace culvert::dp
