// Device names: syntax, and what can be known of a device before DPDK opens it.
#include "dataplane/port/device_name.hpp"

#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <linux/capability.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace culvert::dp {

namespace {

// "0000:18:00.0" or "18:00.0"; returns the long form.
std::optional<std::string> pci_address(std::string_view text) {
  std::string s(text);
  if (s.size() == 7) s.insert(0, "0000:");
  if (s.size() != 12) return std::nullopt;
  constexpr std::string_view kShape = "xxxx:xx:xx.x";
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = std::isxdigit(static_cast<unsigned char>(s[i])) != 0;
    if (kShape[i] == 'x' ? !digit : s[i] != kShape[i]) return std::nullopt;
    s[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(s[i])));
  }
  return s;
}

// Raw sockets, TAP devices and XDP need these; root has them unless it was stripped of them.
bool has_capability(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  return ((data[capability / 32].effective >> (capability % 32)) & 1u) != 0;
}

// Drivers that let DPDK at the card: the VFIO and UIO ones, and the "bifurcated" ones of cards
// whose kernel driver stays in charge.
bool serves_dpdk(std::string_view driver) {
  constexpr std::array<std::string_view, 5> kServing{"vfio-pci", "uio_pci_generic", "igb_uio",
                                                     "mlx5_core", "mlx4_core"};
  for (const std::string_view good : kServing) {
    if (driver == good) return true;
  }
  return false;
}

bool is_uio(std::string_view driver) {
  return driver == "uio_pci_generic" || driver == "igb_uio";
}

// Whether an IOMMU stands before the device, and has not been told to let everything pass.
bool is_translated(const std::filesystem::path& device) {
  std::string type;
  std::ifstream(device / "iommu_group" / "type") >> type;
  return type.starts_with("DMA");
}

std::filesystem::path pci_folder(const std::string& address) {
  return std::filesystem::path("/sys/bus/pci/devices") / address;
}

std::optional<std::string> pci_obstacle(const std::string& address) {
  namespace fs = std::filesystem;
  std::error_code ec;
  const fs::path device = pci_folder(address);
  if (!fs::exists(device, ec)) {
    return "There is no PCI device " + address + ": look for the right address with 'lspci -D'.";
  }
  const fs::path driver = fs::read_symlink(device / "driver", ec).filename();
  const std::string bind = "make it DPDK's with 'dpdk-devbind.py --bind=vfio-pci " + address + "'.";
  if (ec) return "PCI device " + address + " has no driver: " + bind;
  if (!serves_dpdk(driver.string())) {
    return "PCI device " + address + " belongs to the kernel driver " + driver.string() + ": " +
           bind;
  }
  // It would open and then receive nothing: the IOMMU lets a card at memory that somebody entered.
  if (is_uio(driver.string()) && is_translated(device)) {
    return "PCI device " + address + " is behind an IOMMU that " + driver.string() +
           " does not program: " + bind;
  }
  return std::nullopt;
}

std::optional<std::string> missing_interface(const DeviceName& device, std::string_view key) {
  const auto iface = device.argument(key);
  if (!iface || if_nametoindex(iface->c_str()) != 0) return std::nullopt;
  return device.name + ": there is no network interface '" + *iface +
         "' in this network namespace: correct " + std::string(key) + "=, or create it first.";
}

std::optional<std::string> missing_file(const DeviceName& device, std::string_view key) {
  const auto path = device.argument(key);
  if (!path || access(path->c_str(), R_OK) == 0) return std::nullopt;
  return device.name + ": the file '" + *path + "' cannot be read: correct " + std::string(key) +
         "=.";
}

std::optional<std::string> missing_capability(const DeviceName& device, unsigned capability,
                                              std::string_view name) {
  if (has_capability(capability)) return std::nullopt;
  return device.name + ": no permission to open it: run as root, or with the capability " +
         std::string(name) + ".";
}

}  // namespace

std::optional<std::string> DeviceName::argument(std::string_view key) const {
  std::string_view rest = arguments;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(item.size() == rest.size() ? item.size() : item.size() + 1);
    if (item.size() > key.size() && item.starts_with(key) && item[key.size()] == '=') {
      return std::string(item.substr(key.size() + 1));
    }
  }
  return std::nullopt;
}

std::string_view DeviceName::driver() const noexcept {
  if (pci) return {};
  std::string_view s = name;
  while (!s.empty() && s.back() >= '0' && s.back() <= '9')
    s.remove_suffix(1);
  return s;
}

DeviceName parse_device_name(std::string_view text) {
  const size_t comma = text.find(',');
  const std::string_view name = text.substr(0, comma);
  DeviceName device;
  if (comma != std::string_view::npos) device.arguments = text.substr(comma + 1);
  if (auto address = pci_address(name)) {
    device.pci = true;
    device.name = *address;
    return device;
  }
  bool plain = name.starts_with("net_") && name.size() > 4 && name.size() < 64;
  for (const char c : name) {
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-');
  }
  if (!plain) {
    throw std::runtime_error("'" + std::string(text) +
                             "' is no DPDK device: write a PCI address such as 0000:18:00.0, or a "
                             "virtual device such as "
                             "net_af_packet0,iface=eth1.");
  }
  device.name = name;
  return device;
}

std::optional<std::string> obstacle(const DeviceName& device) {
  if (device.pci) return pci_obstacle(device.name);
  const std::string_view driver = device.driver();
  const bool captures_live =
      driver == "net_pcap" &&
      (device.argument("iface") || device.argument("rx_iface") || device.argument("rx_iface_in"));
  if (driver == "net_af_packet" || driver == "net_af_xdp") {
    if (!device.argument("iface")) {
      return device.name + ": say which network interface it uses, as in " + device.name +
             ",iface=eth1.";
    }
  }
  if (driver == "net_af_packet" || driver == "net_af_xdp" || captures_live) {
    if (auto o = missing_capability(device, CAP_NET_RAW, "CAP_NET_RAW")) return o;
  }
  if (driver == "net_af_xdp" || driver == "net_tap") {
    if (auto o = missing_capability(device, CAP_NET_ADMIN, "CAP_NET_ADMIN")) return o;
  }
  if (driver == "net_af_packet" || driver == "net_af_xdp" || driver == "net_pcap") {
    for (const std::string_view key : {"iface", "rx_iface", "rx_iface_in", "tx_iface"}) {
      if (auto o = missing_interface(device, key)) return o;
    }
  }
  return missing_file(device, "rx_pcap");
}

bool wants_physical_addresses(const DeviceName& device) {
  namespace fs = std::filesystem;
  if (!device.pci) return false;
  std::error_code ec;
  const std::string driver = fs::read_symlink(pci_folder(device.name) / "driver", ec).filename();
  if (is_uio(driver)) return true;
  std::string group;
  std::ifstream(pci_folder(device.name) / "iommu_group" / "name") >> group;
  return group == "vfio-noiommu";
}

}  // namespace culvert::dp
