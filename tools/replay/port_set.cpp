// Opening ports for a replay.
#include "tools/replay/port_set.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace culvert::replay {

namespace {

constexpr unsigned kMost = 9600;  // MTU for which a received frame is in one buffer

unsigned buffer_mtu(const Options& options) {
  return std::min<unsigned>(options.mtu, kMost);
}
unsigned received_buffers(const Options& options) {
  const auto queues = static_cast<unsigned>(devices_of(options).size()) * options.queues;
  const unsigned waiting = options.write.empty() ? 4096 : 16384;
  return queues * (options.rx_descriptors + 512) + waiting;
}
// Frames that a driver may hold, of those that are played over and over.
unsigned copy_buffers(const Options& options) {
  const auto queues = static_cast<unsigned>(options.ports.size()) * options.queues;
  return options.track ? queues * (options.tx_descriptors + 512) : 0;
}
uint64_t buffer_size(unsigned mtu) {
  return std::max(2048u, mtu + 128) + RTE_PKTMBUF_HEADROOM + sizeof(rte_mbuf) + 128;
}

// These send frames of any size, whatever MTU they state.
bool takes_any_size(const std::string& driver) {
  constexpr std::array<std::string_view, 4> kDrivers{"net_memif", "net_ring", "net_pcap",
                                                     "net_null"};
  return std::ranges::find(kDrivers, driver) != kDrivers.end();
}

}  // namespace

std::vector<std::string> devices_of(const Options& options) {
  std::vector<std::string> devices = options.ports;
  for (const std::string& device : options.receive_ports) {
    if (std::ranges::find(options.ports, device) == options.ports.end()) devices.push_back(device);
  }
  return devices;
}

uint64_t memory_for_ports(const Options& options) {
  return received_buffers(options) * buffer_size(buffer_mtu(options)) +
         copy_buffers(options) * buffer_size(options.mtu);
}

uint32_t largest_frame(const std::string& device) {
  constexpr uint32_t kAnySize = 65535, kMemifDefault = 2048;
  const dp::DeviceName name = dp::parse_device_name(device);
  if (name.driver() != "net_memif") return kAnySize;
  const std::string size = name.argument("bsize").value_or("");
  const unsigned long bytes = std::strtoul(size.c_str(), nullptr, 10);
  return bytes == 0 ? kMemifDefault
                    : static_cast<uint32_t>(std::min<unsigned long>(bytes, kAnySize));
}

PortSet::PortSet(const Options& options, const dp::Eal& eal) {
  pool_ = dp::make_packet_pool("replay-received", received_buffers(options), buffer_mtu(options),
                               eal.buffer_layout());
  if (options.track) {
    copies_ = dp::make_packet_pool("replay-copies", std::max(copy_buffers(options), 512u),
                                   options.mtu, dp::BufferLayout::within_pages);
  }
  const std::vector<std::string> devices = devices_of(options);
  for (const dp::DeviceName& device : eal.devices()) {
    auto port = std::make_unique<dp::Port>(device.name);
    uint16_t mtu = options.mtu;
    if (takes_any_size(port->driver())) mtu = std::min(mtu, port->capabilities().max_mtu);
    port->configure({.workers = static_cast<uint16_t>(options.queues),
                     .pool = pool_.get(),
                     .mtu = mtu,
                     .rx_descriptors = static_cast<uint16_t>(options.rx_descriptors),
                     .tx_descriptors = static_cast<uint16_t>(options.tx_descriptors),
                     .verbatim = true});
    ports_.push_back(std::move(port));
  }
  const auto port_of = [&](const std::string& device) {
    const auto at = std::ranges::find(devices, device) - devices.begin();
    return ports_.at(static_cast<size_t>(at)).get();
  };
  std::ranges::transform(options.ports, std::back_inserter(sending_), port_of);
  std::ranges::transform(options.receive_ports, std::back_inserter(receiving_), port_of);
}

void PortSet::start() {
  for (auto& port : ports_)
    port->start();
}

void PortSet::stop() noexcept {
  for (auto& port : ports_)
    port->stop();
}

bool PortSet::all_links_down() const {
  return !sending_.empty() &&
         std::ranges::none_of(sending_, [](const dp::Port* port) { return port->link().up; });
}

}  // namespace culvert::replay
