// Opens the connections that --connect asks for.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/source_ports.hpp"
#include "tests/dataplane/tcp_peer/options.hpp"

namespace culvert::tcp_peer {

class Dialler {
 public:
  // `key`: for the ports; random.
  Dialler(const Options& options, const tcp::SipKey& key, tcp::Endpoint& endpoint);

  // A few SYNs a call, until all connections have been begun.
  void serve(tcp::Time now);

 private:
  tcp::Endpoint& endpoint_;
  const dp::IpAddress remote_;
  const uint16_t port_;
  uint32_t left_;
  tcp::SourcePorts ports_;
};

}  // namespace culvert::tcp_peer
