// What the client counted: its connections, its traffic, and what it lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace culvert::client {

struct Traffic {
  uint64_t packets = 0;
  uint64_t bytes = 0;  // of inner packets
  void add(size_t size) noexcept {
    packets++;
    bytes += size;
  }
};

// One TLS connection with a tunnel.
struct Connection {
  std::string reason{};   // "first", "new-mtu", "lost", "asked"
  std::string tls{};      // "TLSv1.2 AES256-SHA256"
  std::string dtls{};     // likewise; "" while there was none
  double at_s = 0;        // after the first one
  double without_s = 0;   // from the end of the one before it
  unsigned tls_mtu = 0;   // as announced
  unsigned dtls_mtu = 0;  // 0: none
  unsigned adapter_mtu = 0;
};

struct Report {
  std::string server{};
  std::string address{};  // inner
  std::string address6{};
  std::string behaviour{};
  std::string end{};  // why it ended
  std::vector<Connection> connections{};
  Traffic received_tls{}, received_dtls{}, sent_tls{}, sent_dtls{};
  uint64_t larger_than_adapter = 0;  // packets from the headend, dropped as Windows does
  uint64_t largest_of_them = 0;      // bytes
  uint64_t without_tunnel = 0;       // packets from the adapter, while there was no tunnel
  uint64_t refused_by_kernel = 0;    // packets that the adapter did not take
  uint64_t bad_records = 0;          // TLS records that were not exactly one CSTP packet

  [[nodiscard]] nlohmann::json as_json() const;
  [[nodiscard]] std::string as_text() const;
};

}  // namespace culvert::client
