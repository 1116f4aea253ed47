// What --tunnel and its companions ask for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/replay/tunnel/dealing.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace culvert::replay {

enum class Channels : uint8_t {
  tls,
  dtls,
  both,  // sessions with TLS alone and sessions with DTLS, in turns
};

struct TunnelOptions {
  std::string headend{};  // HOST[:PORT] as written; empty: no tunnels
  uint32_t sessions = 1;
  std::string user{};  // "{}" stands for the session's number, from 1
  std::string password{};
  std::string password_file{};
  std::string group_path{};
  std::string ca_file{};
  Channels channels = Channels::dtls;
  std::vector<std::string> ciphers{};
  std::vector<std::string> source_addresses{};  // A, or FIRST-LAST
  std::string gateway{};
  uint32_t at_once = 32;  // sessions that are being set up
  double set_up_s = 60;   // for all of them
  // From a DTLS handshake that failed, or whose tunnel died, to the next, a quarter more or less; 0: there is none.
  double dtls_again_s = 0;
  double settle_s = 1;  // how long to wait for the last packets
  Direction direction = Direction::up;
  std::string inside{};          // DEVICE
  std::string inside_address{};  // of the port there, one of each family, separated by a comma
  std::string inside_gateway{};  // the headend's addresses there, likewise
  bool keep_source = false;
  bool keep_far_end = false;
  std::string cli_socket{};

  // Filled in by check_tunnel().
  dp::IpAddress address{};
  uint16_t port = 443;
  std::vector<dp::IpAddress> sources{};
  dp::IpAddress outside_gateway{};
  dp::IpAddress inside4{}, inside6{}, gateway4{}, gateway6{};

  [[nodiscard]] bool wanted() const noexcept { return !headend.empty(); }
  [[nodiscard]] bool up() const noexcept { return direction != Direction::down; }
  [[nodiscard]] bool down() const noexcept { return direction != Direction::up; }
};

// Adds the options to a command line, and reads them when that is parsed.
void describe_tunnel(CLI::App& app, TunnelOptions& options);
// Understands and checks what was written; reads the password file. `ports`: how many --port there are. Throws
// std::invalid_argument with a sentence.
void check_tunnel(TunnelOptions& options, size_t ports);

// A cipher's name goes to the lists of those protocols that have it: names of TLS 1.3 begin with TLS_, and with one
// of them alone TLS 1.2 is not offered, nor the other way round.
struct CipherLists {
  std::string tls12{}, tls13{}, dtls{};  // OpenSSL's names, separated by colons
  bool allow_tls13 = true;
};
[[nodiscard]] CipherLists cipher_lists(const TunnelOptions& options);

}  // namespace culvert::replay
