// How a crowd is to be: where its headend is, where its members come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/isa.hpp"
#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/time.hpp"
#include "tools/crowd/member.hpp"

namespace culvert::crowd {

struct CrowdConfig {
  uint32_t members = 1;    // 1 .. 1,000,000
  uint32_t strangers = 0;  // bare TCP connections beside them, at once
  dp::IpAddress headend;   // its outside address
  uint16_t port = 443;
  // Whom frames go to; unspecified: the headend itself, which then is on the same link.
  dp::IpAddress gateway;
  // The MAC address of either, if it is known: nobody is waited for. Otherwise it is asked for.
  std::optional<dp::MacAddress> neighbour_mac{};
  // The members' own addresses, of the headend's family; taken in turns. 64512 connections each at most.
  std::vector<dp::IpAddress> sources;
  uint16_t mtu = 1500;  // of the outside

  std::string server_name;  // SNI and Host; empty: the address
  std::string ca_file;      // PEM; empty: the headend's certificate is not checked
  std::string group_path;   // "/sales"; empty: "/"
  // OpenSSL's lists; empty: whatever the record layer carries. `tls13` false: at most TLS 1.2.
  std::string tls12_ciphers;
  std::string tls13_suites;
  std::string dtls_ciphers;  // names as in X-DTLS12-CipherSuite
  bool tls13 = true;
  bool want_dtls = true;  // asked for in CONNECT and set up as soon as the tunnel works
  bool want_ipv4 = true, want_ipv6 = true;  // inner addresses asked for

  // Our own DPD requests: after so long without a record; the peer is dead after three (TLS). 0: none are
  // sent. Requests of the headend are answered in any case.
  uint32_t dpd_s = 0;
  uint32_t keepalive_s = 0;               // 0: as granted over TLS, none over DTLS
  Time setup_timeout = 60 * dp::kSecond;  // from the SYN to CONNECT's answer
  Time dtls_timeout = 15 * dp::kSecond;   // of its handshake
  // From the begin of a DTLS handshake that failed, or whose tunnel has ended since, to the next one, a quarter more or
  // less. 0: there is none.
  Time dtls_period = 60 * dp::kSecond;
  uint64_t seed = 1;  // of those quarters
  // OpenSSL's steps in one poll(), at most: what a poll takes longer, data waits for. At least 1.
  uint32_t setup_steps = 4;
  bool pacing = true;  // of TCP: spreads a window over the round trip
  crypto::Isa isa = crypto::best_isa(0);
};

// Packet buffers that a crowd may hold, with `in_flight` of the caller's packets on their way. For make_packet_pool().
[[nodiscard]] uint32_t buffers_for(const CrowdConfig& config, uint32_t in_flight);
// Memory of DPDK beside those buffers, bytes. For EalConfig::memory_mb.
[[nodiscard]] uint64_t memory_for(const CrowdConfig& config);

}  // namespace culvert::crowd
