// DPDK's environment: started once from the configuration, with nothing touched that was not named.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/packet/pool.hpp"
#include "dataplane/port/claim.hpp"
#include "dataplane/port/device_name.hpp"

namespace culvert::dp {

enum class HugePagePolicy : uint8_t { automatic, never };  // automatic: use them if enough are free

struct EalConfig {
  unsigned control_core = 0;         // CPU of the calling thread
  std::vector<unsigned> workers{1};  // CPUs, one worker each; may include the control core
  unsigned memory_mb = 256;
  unsigned simd_bits = 0;  // 64..512; 0 = what the CPU has
  HugePagePolicy huge_pages = HugePagePolicy::automatic;
  std::vector<std::string> devices;  // as written: PCI address or virtual device with arguments
  // Gets what DPDK and its drivers have to say (a line without end, RTE_LOG_* level), from any
  // thread.
  std::function<void(uint32_t level, std::string_view line)> on_log;
};

// Which instruction set extension this program was built for and the CPU lacks ("AVX2"), or
// nullptr. main() calls it before anything else: what comes after may not even get to an error
// message.
[[nodiscard]] const char* missing_cpu_feature() noexcept;

// The CPUs that this process may run on, in order; 0 if that cannot be told.
[[nodiscard]] std::vector<unsigned> allowed_cpus();

// One a process: DPDK cannot start twice. Every error is a std::runtime_error with one sentence
// that says what to do. The calling thread becomes DPDK's main lcore 0, pinned to the control core;
// threads that it starts later inherit that.
class Eal {
 public:
  explicit Eal(const EalConfig& config);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // The lcore of worker `index`, for rte_eal_remote_launch.
  [[nodiscard]] static constexpr unsigned worker_lcore(unsigned index) noexcept {
    return index + 1;
  }
  // In the order of config.devices; each is open as the ethdev of that name.
  [[nodiscard]] const std::vector<DeviceName>& devices() const noexcept { return devices_; }
  // How the packet buffers of these devices are to lie.
  [[nodiscard]] BufferLayout buffer_layout() const noexcept;
  [[nodiscard]] bool huge_pages() const noexcept { return huge_pages_; }
  // What the administrator should know but need not do now. One sentence each.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  void start(const EalConfig& config);
  void open_devices();

  std::vector<DeviceName> devices_;
  std::vector<Claim> claims_;
  std::vector<std::string> warnings_;
  bool huge_pages_ = false;
};

}  // namespace culvert::dp
