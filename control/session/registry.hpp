// Control's own record of every session, found by index, cookie or user.
#pragma once

#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/session/address_pool.hpp"
#include "control/session/cookie.hpp"
#include "control/session/policy.hpp"
#include "crypto/suite.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/session/session.hpp"

namespace culvert::control {

struct DtlsTunnel;

// The inner address and the workers' view of a session. Lives as long as the session or any tunnel
// that was made for it: a worker may use them until it has said `ended`, or `dtls_removed` for both
// sides, and the address must not go to somebody else before.
struct PublishedSession {
  dp::Session* session = nullptr;
  std::optional<AddressLease> lease;
  std::optional<AddressLease6> lease6;
  std::function<void(PublishedSession&)> on_release;  // retires, frees the address

  PublishedSession() = default;
  PublishedSession(const PublishedSession&) = delete;
  PublishedSession& operator=(const PublishedSession&) = delete;
  ~PublishedSession() {
    if (on_release) on_release(*this);
  }
  // Unspecified: none of that family.
  [[nodiscard]] IpAddress address() const noexcept {
    return lease ? IpAddress::v4(lease->address) : IpAddress{};
  }
  [[nodiscard]] IpAddress address6() const noexcept {
    return lease6 ? lease6->address : IpAddress{};
  }
  // The one that the session is called by: IPv4's if there is one.
  [[nodiscard]] IpAddress name() const noexcept { return lease ? address() : address6(); }
};

// One TLS tunnel.
struct TunnelInfo {
  dp::ConnId conn;
  dp::Flow flow;
  const crypto::Suite* suite = nullptr;
  bool encrypt_then_mac = false;  // RFC 7366
  uint16_t client_mss = 0;        // MSS option of its SYN
  bool timestamps = false;        // its segments carry them
  uint16_t tls_mtu = 0;
  const dp::TunnelCounters* counters = nullptr;  // the worker counts here while the tunnel lives
  uint64_t since_us = 0;                         // SetupEnv::now_us
  uint64_t openssl_bytes_after_connect = 0;      // that OpenSSL was given of the tunnel: always 0
};

enum class SessionState : uint8_t {
  authenticated,  // has a cookie, never had a tunnel
  active,         // has a tunnel, of either kind
  waiting,        // lost its last tunnel, "Waiting to resume"
};

// How the user proved who it is.
enum class AuthMode : uint8_t { password, certificate, certificate_and_password };
[[nodiscard]] std::string_view to_string(AuthMode mode) noexcept;  // as the ASA shows it

// A TLS tunnel that is not the session's any more, and whose `ended` is still to come.
struct ReplacedTunnel {
  dp::ConnId conn;
  dp::Totals counted;  // in SessionRecord::past
};

struct SessionRecord {
  uint32_t index = 0;
  std::string user;
  std::string tunnel_group;
  AuthMode auth_mode = AuthMode::password;
  Policy policy;
  AuthAttributes attributes;  // what a server said at the login
  IpAddress public_address;
  uint16_t public_port = 0;
  IpAddress headend;  // that the client reached at the log-in
  std::string user_agent;
  std::string device;  // the client's device-id: "linux-64"
  std::time_t login_time = 0;
  uint64_t login_us = 0;
  CookieHash cookie{};
  std::shared_ptr<PublishedSession> inner;  // from the first CONNECT on
  SessionState state = SessionState::authenticated;
  uint64_t state_since_us = 0;
  std::optional<TunnelInfo> tunnel;
  std::shared_ptr<const DtlsTunnel> dtls;  // up, or silent for a while
  uint64_t connect_serial = 0;  // of the CONNECT that `tunnel` comes from; they count upwards
  dp::Totals past;              // of tunnels that have ended or were replaced
  std::vector<ReplacedTunnel> replaced;
  unsigned tunnels = 0;       // that there have been: TLS
  unsigned dtls_tunnels = 0;  // and DTLS
  uint64_t data_mark = 0;     // the workers' time of the last data packet, either way
  uint64_t data_us = 0;       // when that was last seen to change

  // Of all tunnels, the present ones included.
  [[nodiscard]] dp::Totals totals() const noexcept;
  // The newest `last_data_us` of the present tunnels.
  [[nodiscard]] uint64_t last_data() const noexcept;
};

dp::Totals operator+(const dp::Totals& a, const dp::Totals& b) noexcept;
dp::Totals operator-(const dp::Totals& a, const dp::Totals& b) noexcept;  // b: an earlier a

class Registry {
 public:
  using Sessions = std::map<uint32_t, std::unique_ptr<SessionRecord>>;

  // Gives it an index that is in use nowhere. `record.cookie` must be set.
  SessionRecord& add(SessionRecord record);
  void erase(uint32_t index);  // wipes the cookie's hash

  [[nodiscard]] SessionRecord* find(uint32_t index) noexcept;
  [[nodiscard]] SessionRecord* find_cookie(std::string_view cookie) noexcept;
  [[nodiscard]] std::vector<SessionRecord*> of_user(std::string_view user);  // oldest first
  [[nodiscard]] const Sessions& all() const noexcept { return sessions_; }
  [[nodiscard]] size_t size() const noexcept { return sessions_.size(); }

  // For `show vpn-sessiondb`.
  [[nodiscard]] uint64_t cumulative() const noexcept { return cumulative_; }
  [[nodiscard]] size_t peak() const noexcept { return peak_; }

 private:
  Sessions sessions_;
  std::unordered_multimap<uint64_t, uint32_t> by_cookie_;  // first bytes of the hash -> index
  uint32_t next_index_ = 1;
  uint64_t cumulative_ = 0;
  size_t peak_ = 0;
};

}  // namespace culvert::control
