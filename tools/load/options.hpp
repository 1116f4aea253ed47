// What the command line asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/load/goal.hpp"
#include "tools/load/plan.hpp"
#include "tools/load/slow_reader_kind.hpp"
#include "tools/load/stranger_kind.hpp"

namespace culvert::load {

// Which tunnel carries a session's data.
enum class Tunnels : uint8_t {
  tls,   // no DTLS is asked for
  dtls,  // TLS until DTLS is up
  both,  // in turns
};

struct Options {
  std::string url{};                       // https://ADDRESS[:PORT][/GROUP]
  std::string port{};                      // the DPDK device
  std::vector<dp::IpAddress> sources{};    // the clients' own, of one family; one at least
  std::optional<dp::IpAddress> gateway{};  // to the headend; none: it is on the link
  uint16_t mtu = 1500;
  std::string user{}, password_file{};
  std::string ca_file{};  // empty: the headend's certificate is not checked
  Tunnels tunnels = Tunnels::dtls;
  // From a DTLS handshake that failed to the next, a quarter more or less; 0: there is none.
  Time dtls_again = 60 * kSecond;
  std::string ciphers{};  // of TLS 1.2, OpenSSL's names; empty: whatever both have
  bool tls12 = false;     // nothing newer

  Plan plan{};
  std::optional<dp::IpAddress> target{};  // inside, answers echo requests; none: no data
  double pings = 1;                       // a second and session
  std::vector<uint16_t> sizes{128};       // of inner packets, in turns; bytes with the IP header
  StrangerRates strangers{};
  SlowReaderNumbers slow_readers{};  // beside the sessions

  std::vector<Goal> goals{};
  bool json = false;
  bool progress = true;

  std::optional<unsigned> core{};  // CPU of the crowd; none: the last one
  bool huge_pages = true;
  double link_wait_s = 10;
};

}  // namespace culvert::load
