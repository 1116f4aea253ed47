// What the show commands know of the running system: plain copies, taken when a command asks. The
// daemon implements StateSource; the tests do too.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/capture/captures.hpp"
#include "control/config/config.hpp"
#include "control/config/parse.hpp"
#include "control/log/debug_levels.hpp"
#include "control/log/log.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

using Time = std::chrono::system_clock::time_point;

// A tunnel of a session, in the ASA's words.
struct TunnelView {
  std::string name;        // "SSL-Tunnel", "DTLS-Tunnel"
  std::string encryption;  // "AES-GCM-256", of crypto::Suite::asa_encryption
  std::string hashing;     // "SHA384"
  std::string version;     // "TLSv1.3"
  std::string suite;       // OpenSSL's name
  unsigned mtu = 0;        // largest inner packet, bytes
  unsigned path_mtu = 0;   // largest outer packet that is sent at this moment, bytes
  unsigned worker = 0;     // that has the connection
  bool datagrams = false;  // UDP, not TCP
  IpAddress client{};      // where it is from
  uint16_t client_port = 0, headend_port = 0;
  dp::Totals totals{};  // since the tunnel is there
};

struct SessionView {
  std::string username;
  uint32_t index = 0;
  IpAddress assigned;   // unspecified: no IPv4 inside
  IpAddress assigned6;  // likewise
  IpAddress public_address;
  uint16_t public_port = 0;
  IpAddress headend;                // that the client reached at the log-in, for the audit number
  std::vector<TunnelView> tunnels;  // without the parent; empty: waiting to resume
  std::string group_policy;
  std::string tunnel_group;
  std::string auth_mode;           // "userPassword"
  std::string client_os;           // the client's device-id: "linux-64"
  std::string user_agent;          // with the client's version
  dp::Totals totals;               // inner packets, of all its tunnels; tx is to the client
  unsigned idle_timeout_s = 0;     // 0 = none
  unsigned idle_left_s = 0;        // of it; of the time for a reconnect, while there is no tunnel
  unsigned session_timeout_s = 0;  // 0 = none
  Time login;
  std::optional<Time> inactive_since;  // when the last tunnel went
  unsigned home = 0;                   // worker
};

// A line of `show vpn-sessiondb`.
struct SessionCount {
  std::string name;  // "AnyConnect Client", "  SSL/TLS/DTLS", "SSL-Tunnel"
  uint64_t active = 0, cumulative = 0, peak = 0;
  std::optional<uint64_t> inactive;  // only for AnyConnect clients
};

struct SessionSummary {
  std::vector<SessionCount> clients;
  std::vector<SessionCount> tunnels;
  uint64_t total_active = 0;  // active and inactive sessions
  uint64_t total_cumulative = 0;
  uint64_t capacity = 0;  // DataplaneConfig::max_sessions
};

// Summed over workers. Zero counts may be left in.
struct DropView {
  std::string keyword;  // dp::DropReasonText
  std::string label;
  std::string sentence;
  uint64_t count = 0;
};

struct DropState {
  std::vector<DropView> reasons;  // in the order of the table
  std::optional<Time> last_clearing;
  std::string cleared_by;  // user name, if it was cleared
};

struct SocketView {
  std::string protocol;  // "SSL", "DTLS"
  uint32_t handle = 0;
  std::string state;  // "LISTEN"
  IpAddress local;
  uint16_t local_port = 0;
};

struct InterfaceView {
  std::string device;
  std::string nameif;
  std::string hardware;  // driver, such as "net_ice"
  bool admin_up = true;
  bool link_up = false;
  bool full_duplex = true;
  uint64_t speed_mbps = 0;  // 0: unknown
  std::array<uint8_t, 6> mac{};
  unsigned mtu = 0;
  IpAddress address;
  unsigned prefix = 0;
  IpAddress link_local;  // unspecified: no IPv6
  std::vector<Ipv6Prefix> ipv6;
  uint64_t packets_in = 0, bytes_in = 0, packets_out = 0, bytes_out = 0;
  uint64_t no_buffer = 0, errors_in = 0, missed_in = 0, errors_out = 0;
  uint64_t dropped = 0;      // by the workers, of packets that came in here
  uint64_t refused_out = 0;  // by the driver (rte_eth_tx_prepare)
};

struct VersionView {
  std::string version;
  std::string dpdk, ipsec_mb, openssl;
  std::string cpu;        // model
  std::string isa;        // of record protection, chosen at start: "AVX512", "AVX2", "SSE"
  std::string built_for;  // the instruction set that the compiler assumed
  std::string config_file;
  Time started;
};

struct ArpView {
  std::string nameif;
  IpAddress address;
  std::array<uint8_t, 6> mac{};
  unsigned age_s = 0;
};

struct NeighbourView {
  std::string nameif;
  IpAddress address;
  std::array<uint8_t, 6> mac{};  // zero: no answer yet
  unsigned age_s = 0;
  std::string state;  // "REACH", "STALE"
};

struct RouteView {
  enum class Kind : uint8_t { local, connected, fixed };
  Kind kind = Kind::fixed;
  uint32_t network = 0;  // host order
  unsigned prefix = 0;
  IpAddress gateway;  // of fixed ones
  unsigned metric = 1;
  std::string nameif;
};

struct WorkerView {
  unsigned index = 0;
  unsigned lcore = 0;
  unsigned busy_percent = 0;  // of the last second
  double busy_seconds = 0;    // since the start, in passes of the loop that found work
  uint64_t rx_packets = 0, tx_packets = 0;
  uint64_t handed_over = 0;  // packets passed to other workers by ring
  uint64_t taken_over = 0;   // and taken from them
  uint64_t records_opened = 0, records_sealed = 0;
  uint64_t mss_clamped = 0;  // TCP SYNs whose MSS was changed
  uint64_t tunnels = 0;      // that it carries at this moment
  uint64_t sessions = 0;     // whose home it is
};

// One tunnel that control handed over to the workers. Counts start at the hand-over.
struct CarriedTunnelView {
  std::string protocol;  // "SSL", "DTLS"
  IpAddress assigned;
  bool carries = false;  // packets to the client go this way at this moment
  unsigned worker = 0;   // that opens records; DTLS ones are sealed at home
  unsigned home = 0;
  unsigned mtu = 0;       // largest inner packet that it takes at this moment, bytes
  unsigned path_mtu = 0;  // largest outer packet that is sent at this moment, bytes
  uint64_t rx_records = 0, tx_records = 0;
  uint64_t rx_packets = 0, tx_packets = 0;
  uint64_t tx_dropped = 0;
  uint64_t tx_marked = 0;    // TLS: packets to the client marked as congested (ECN), not dropped
  uint64_t key_updates = 0;  // that came from the client
  uint64_t openssl_bytes_after_connect = 0;  // what OpenSSL's BIO saw of it: never anything but 0
};

// Everything that a session takes and must give back.
struct PoolView {
  std::string name;
  uint64_t size = 0;  // buffers
  uint64_t available = 0;
  uint64_t buffer_bytes = 0;
};
struct RingView {
  std::string name;
  uint64_t entries = 0;  // at this moment
};
struct ResourceView {
  std::vector<PoolView> pools;
  std::vector<RingView> rings;
  uint64_t addresses_in_use = 0;
  uint64_t tcp_connections = 0;
  uint64_t tcp_buffers = 0;  // that connections hold
};

// One of TCP's counters, of all workers, or of set-up's.
struct CounterView {
  std::string name;     // "cookies_sent", the field of tcp::EndpointCounters; of set-up: "waited"
  std::string meaning;  // "SYN cookies sent"
  uint64_t count = 0;
};

// ICMP errors to senders of packets that were too large for a tunnel.
struct IcmpErrorsView {
  uint64_t sent = 0, suppressed = 0;    // about IPv4 packets; suppressed by the rate limit
  uint64_t sent6 = 0, suppressed6 = 0;  // about IPv6 packets
};

// What came of a change of the configuration.
struct ConfigChange {
  std::string warnings{};              // one a line
  std::vector<OpenMode> open_modes{};  // see ParseResult
};

class StateSource {
 public:
  virtual ~StateSource() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual const Config& config() const = 0;
  [[nodiscard]] virtual std::vector<SessionView> sessions() const = 0;
  [[nodiscard]] virtual SessionSummary session_summary() const = 0;
  [[nodiscard]] virtual DropState drops() const = 0;
  [[nodiscard]] virtual std::vector<SocketView> sockets() const = 0;
  [[nodiscard]] virtual std::vector<InterfaceView> interfaces() const = 0;
  [[nodiscard]] virtual VersionView version() const = 0;
  [[nodiscard]] virtual LogView log() const = 0;
  [[nodiscard]] virtual std::vector<ArpView> arp() const = 0;
  [[nodiscard]] virtual std::vector<NeighbourView> neighbours6() const = 0;
  [[nodiscard]] virtual std::vector<RouteView> routes() const = 0;
  [[nodiscard]] virtual std::vector<WorkerView> workers() const = 0;
  [[nodiscard]] virtual std::vector<CarriedTunnelView> carried_tunnels() const = 0;
  [[nodiscard]] virtual ResourceView resources() const = 0;
  [[nodiscard]] virtual std::vector<CounterView> tcp_counters() const = 0;
  [[nodiscard]] virtual std::vector<CounterView> setup_counters() const = 0;
  [[nodiscard]] virtual IcmpErrorsView icmp_errors() const = 0;

  // `by` is the user who asked, for DropState::cleared_by. Without keywords all reasons are
  // cleared.
  virtual void clear_drops(const std::string& by, const std::vector<std::string>& keywords) = 0;
  virtual void clear_log() = 0;
  // Changes the configuration in force by lines of its language, all of them or none. Throws
  // std::runtime_error with what is wrong.
  virtual ConfigChange configure(const std::string& lines, const std::string& by) = 0;
  [[nodiscard]] virtual DebugLevels& debug() = 0;
  [[nodiscard]] virtual Captures& captures() = 0;
  // Each returns how many sessions it ended.
  virtual size_t logoff_name(const std::string& username) = 0;
  virtual size_t logoff_index(uint32_t index) = 0;
  virtual size_t logoff_all() = 0;
};

}  // namespace culvert::control
