// Starting DPDK: arguments, memory, log lines, and what went wrong in words.
#include "dataplane/eal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>
#include <stdexcept>

#include <pthread.h>
#include <rte_config.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_vect.h>
#include <sched.h>
#include <unistd.h>

#include "dataplane/huge_pages.hpp"

namespace culvert::dp {

namespace {

// DPDK has one log for the process, so there is one of these.
class LogCapture {
 public:
  void open(std::function<void(uint32_t, std::string_view)> on_line) {
    const std::lock_guard lock(mutex_);
    on_line_ = std::move(on_line);
    last_.clear();
    if (stream_ != nullptr) return;
    cookie_io_functions_t io{};
    io.write = [](void* self, const char* text, size_t size) {
      static_cast<LogCapture*>(self)->take({text, size});
      return static_cast<ssize_t>(size);
    };
    stream_ = fopencookie(this, "w", io);
    if (stream_ == nullptr) throw std::runtime_error("Out of memory for DPDK's log.");
    rte_openlog_stream(stream_);
  }
  // The stream itself stays: DPDK writes to it until the process ends.
  void close() {
    const std::lock_guard lock(mutex_);
    on_line_ = nullptr;
  }
  // What DPDK complained about last, in brackets, to follow our own words.
  [[nodiscard]] std::string because() {
    const std::lock_guard lock(mutex_);
    return last_.empty() ? std::string() : " (DPDK says: " + last_ + ")";
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    last_.clear();
  }

 private:
  // DPDK flushes after each message, so each call brings one, though perhaps of several lines.
  void take(std::string_view text) {
    const std::lock_guard lock(mutex_);
    const int current = rte_log_cur_msg_loglevel();
    const uint32_t level = current < 0 ? RTE_LOG_WARNING : static_cast<uint32_t>(current);
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.empty()) continue;
      // The first error is the cause; those after it are its consequences.
      if (level <= RTE_LOG_ERR && last_.empty()) last_ = line;
      if (on_line_) on_line_(level, line);
    }
  }

  std::mutex mutex_;
  std::function<void(uint32_t, std::string_view)> on_line_;
  std::string last_;
  FILE* stream_ = nullptr;
};

LogCapture& log_capture() {
  static LogCapture capture;
  return capture;
}

void check_core(unsigned cpu, const cpu_set_t& allowed, std::string_view use) {
  const auto present = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_CONF));
  if (cpu >= present) {
    throw std::runtime_error("Core " + std::to_string(cpu) + " for " + std::string(use) +
                             " does not exist: this machine has cores 0 to " +
                             std::to_string(present - 1) + ".");
  }
  if (!CPU_ISSET(cpu, &allowed)) {
    throw std::runtime_error("Core " + std::to_string(cpu) + " for " + std::string(use) +
                             " is not allowed to this process: choose another, or widen its CPU "
                             "affinity (taskset, cgroup cpuset).");
  }
}

void check_cores(const EalConfig& config) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    throw std::runtime_error("The CPU affinity of this process cannot be read.");
  }
  if (config.workers.empty())
    throw std::runtime_error("No worker core is configured: 'workers 1' sets one.");
  if (config.workers.size() + 1 > RTE_MAX_LCORE) {
    throw std::runtime_error("Too many workers: at most " + std::to_string(RTE_MAX_LCORE - 1) +
                             " are possible.");
  }
  check_core(config.control_core, allowed, "the control thread");
  for (auto w = config.workers.begin(); w != config.workers.end(); ++w) {
    check_core(*w, allowed, "a worker");
    if (std::find(config.workers.begin(), w, *w) != w) {
      throw std::runtime_error("Core " + std::to_string(*w) + " is named twice among the workers.");
    }
  }
}

// More than there is would be promised all the same, and DPDK busy for minutes with its tables.
void check_memory(uint64_t wanted) {
  const auto present =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (wanted <= present) return;
  throw std::runtime_error("This machine has " + std::to_string(present >> 20) +
                           " MB of memory, not the " + std::to_string(wanted >> 20) +
                           " that 'memory' in the dataplane section wants: lower it.");
}

void check_addresses(const std::vector<DeviceName>& devices, bool huge_pages, unsigned memory_mb) {
  if (huge_pages) return;
  for (const DeviceName& device : devices) {
    if (!wants_physical_addresses(device)) continue;
    throw std::runtime_error("PCI device " + device.name +
                             " has no IOMMU before it and works with huge pages only: reserve them "
                             "with 'sysctl vm.nr_hugepages=" +
                             std::to_string((memory_mb + 1) / 2) +
                             "', or use an IOMMU and bind the device to vfio-pci.");
  }
}

// A file descriptor of the vhost-user and memif kind shares memory by segment; many small ones do
// not fit in one message.
bool shares_memory(const DeviceName& device) {
  return device.driver() == "net_virtio_user" || device.driver() == "net_memif" ||
         device.driver() == "net_vhost";
}

std::vector<std::string> arguments(const EalConfig& config, const std::vector<DeviceName>& devices,
                                   bool huge_pages) {
  // The lcores are numbered by us (0 control, then the workers) and mapped to CPUs, so that a
  // worker may share the control thread's core and CPU numbers may exceed DPDK's limit.
  std::string lcores = "0@" + std::to_string(config.control_core);
  for (size_t i = 0; i < config.workers.size(); ++i) {
    lcores += "," + std::to_string(i + 1) + "@" + std::to_string(config.workers[i]);
  }
  std::vector<std::string> args{"culvert",
                                "--lcores=" + lcores,
                                "--main-lcore=0",
                                "-m",
                                std::to_string(config.memory_mb),
                                "--no-telemetry",
                                "--log-level=" + std::to_string(RTE_LOG_WARNING)};
  if (huge_pages) {
    args.emplace_back("--in-memory");
    if (std::any_of(devices.begin(), devices.end(), shares_memory)) {
      args.emplace_back("--single-file-segments");
    }
  } else {
    args.emplace_back("--no-huge");
    args.emplace_back("--no-shconf");
  }
  if (config.simd_bits != 0) {
    args.push_back("--force-max-simd-bitwidth=" + std::to_string(config.simd_bits));
  }
  bool any_pci = false;
  for (const DeviceName& device : devices) {
    if (!device.pci) continue;
    any_pci = true;
    args.emplace_back("-a");
    args.push_back(device.arguments.empty() ? device.name : device.name + "," + device.arguments);
  }
  if (!any_pci) args.emplace_back("--no-pci");
  return args;
}

// Without being told otherwise af_xdp polls busily: every look at an empty queue is a system call,
// in which the kernel looks too. Where no hardware is behind the interface there is nothing to see.
std::string driver_arguments(const DeviceName& device) {
  const auto interface = device.argument("iface");
  const bool polls =
      device.driver() == "net_af_xdp" && interface && !device.argument("busy_budget");
  if (!polls || access(("/sys/class/net/" + *interface + "/device").c_str(), F_OK) == 0) {
    return device.arguments;
  }
  return device.arguments + ",busy_budget=0";
}

std::string start_failure(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "DPDK may not use this machine's memory or devices: run as root, or see "
             "'ulimit -l' and the permissions of /dev/vfio";
    case ENOMEM:
      return "DPDK found too little memory: lower 'memory' in the dataplane section, or free "
             "some, or say 'huge-pages never' there";
    case EALREADY: return "DPDK runs already in this process";
    case ENOTSUP: return "DPDK lacks something on this machine";
    default: return "DPDK did not start";
  }
}

}  // namespace

// Built for the oldest x86-64, because it runs where the rest of the program perhaps cannot.
__attribute__((target("arch=x86-64"))) const char* missing_cpu_feature() noexcept {
  __builtin_cpu_init();
#ifdef __SSE4_2__
  if (!__builtin_cpu_supports("sse4.2")) return "SSE4.2";
#endif
#ifdef __AVX2__
  if (!__builtin_cpu_supports("avx2")) return "AVX2";
#endif
#ifdef __BMI2__
  if (!__builtin_cpu_supports("bmi2")) return "BMI2";
#endif
#ifdef __FMA__
  if (!__builtin_cpu_supports("fma")) return "FMA";
#endif
#ifdef __AVX512F__
  if (!__builtin_cpu_supports("avx512f")) return "AVX-512F";
#endif
#ifdef __AVX512BW__
  if (!__builtin_cpu_supports("avx512bw")) return "AVX-512BW";
#endif
#ifdef __AVX512VL__
  if (!__builtin_cpu_supports("avx512vl")) return "AVX-512VL";
#endif
  return nullptr;
}

std::vector<unsigned> allowed_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {0};
  std::vector<unsigned> cpus;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  return cpus;
}

Eal::Eal(const EalConfig& config) {
  for (const std::string& text : config.devices) {
    DeviceName device = parse_device_name(text);
    for (const DeviceName& other : devices_) {
      if (other.name == device.name) {
        throw std::runtime_error("The device " + device.name + " is named twice.");
      }
    }
    if (auto why = obstacle(device)) throw std::runtime_error(*why);
    claims_.emplace_back(device);
    devices_.push_back(std::move(device));
  }
  check_cores(config);
  start(config);
  try {
    open_devices();
  } catch (...) {
    rte_eal_cleanup();
    log_capture().close();
    throw;
  }
}

void Eal::start(const EalConfig& config) {
  const uint64_t wanted = uint64_t{config.memory_mb} << 20;
  check_memory(wanted);
  if (config.huge_pages == HugePagePolicy::automatic) {
    const uint64_t usable = usable_huge_page_bytes(wanted);
    huge_pages_ = usable >= wanted;
    if (!huge_pages_) {
      warnings_.push_back(
          "Only " + std::to_string(usable >> 20) + " of " + std::to_string(config.memory_mb) +
          " MB can be had in huge pages, so slower ordinary memory is used: reserve them "
          "with 'sysctl vm.nr_hugepages=" +
          std::to_string((config.memory_mb + 1) / 2) + "'.");
    }
  }
  check_addresses(devices_, huge_pages_, config.memory_mb);
  log_capture().open(config.on_log);
  std::vector<std::string> args = arguments(config, devices_, huge_pages_);
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (std::string& arg : args)
    argv.push_back(arg.data());
  argv.push_back(nullptr);
  if (rte_eal_init(static_cast<int>(args.size()), argv.data()) < 0) {
    const std::string why = start_failure(rte_errno) + log_capture().because() + ".";
    log_capture().close();
    throw std::runtime_error(why);
  }
}

void Eal::open_devices() {
  for (const DeviceName& device : devices_) {
    uint16_t port = 0;
    if (device.pci) {
      if (rte_eth_dev_get_port_by_name(device.name.c_str(), &port) == 0) continue;
      throw std::runtime_error("DPDK has no working driver for PCI device " + device.name +
                               log_capture().because() +
                               ": check that it is a supported network card and that this user may "
                               "open /dev/vfio.");
    }
    // Virtual devices are attached one by one and not by --vdev, so that an error has a culprit.
    log_capture().forget();
    const int rc =
        rte_eal_hotplug_add("vdev", device.name.c_str(), driver_arguments(device).c_str());
    if (rc == 0 && rte_eth_dev_get_port_by_name(device.name.c_str(), &port) == 0) continue;
    throw std::runtime_error(
        "DPDK cannot open " + device.name + log_capture().because() +
        ": check the device's name and arguments" +
        (device.arguments.empty() ? std::string() : " '" + device.arguments + "'") + ".");
  }
}

BufferLayout Eal::buffer_layout() const noexcept {
  const bool xdp = std::ranges::any_of(
      devices_, [](const DeviceName& device) { return device.driver() == "net_af_xdp"; });
  return xdp ? BufferLayout::side_by_side : BufferLayout::within_pages;
}

Eal::~Eal() {
  rte_eal_cleanup();
  log_capture().close();
}

}  // namespace culvert::dp
