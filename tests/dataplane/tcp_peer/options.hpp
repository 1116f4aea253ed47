// What the command line says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/ip/route.hpp"
#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/endpoint.hpp"

namespace culvert::tcp_peer {

enum class Mode : uint8_t {
  echo,     // everything that comes goes back
  discard,  // reads
  source,   // sends so many bytes of the pattern, and reads
  reset,    // resets the connection as soon as a byte comes
  hold,     // as discard, from SIGUSR1 on
};

struct Options {
  std::string device;
  dp::IpAddress address;
  uint8_t prefix = 0;
  uint16_t port = 0;      // to listen on or to connect to
  dp::IpAddress connect;  // unspecified: listens
  uint32_t connections = 1;
  std::vector<dp::IpAddress> sources;  // of connections; the port's own address unless given
  Mode mode = Mode::echo;
  uint64_t bytes = 0;  // for source
  uint16_t mtu = 1500;
  unsigned cpu = 0;
  bool offload = false;          // whatever the driver offers, segmentation included
  tcp::EndpointConfig endpoint;  // buffers, keepalive and TIME-WAIT
};

// Ends the process for --help and for a command line that makes no sense.
[[nodiscard]] Options parse_options(int argc, char** argv);

}  // namespace culvert::tcp_peer
