// One client of a crowd: logged in, with a TLS and a DTLS tunnel, and nothing else.
#pragma once

#include <memory>

#include "tools/culvert-client/dtls.hpp"
#include "tools/culvert-client/grant.hpp"
#include "tools/culvert-client/options.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::crowd {

class Member {
 public:
  // Logs in, connects, and shakes hands for DTLS. Throws client::Failure.
  Member(const client::Options& options, client::Signals& signals);
  // A question of dead peer detection by each tunnel, and its answer: both carry records both ways.
  // Throws client::Failure.
  void exchange(client::Signals& signals);

 private:
  void ask_by_tls(client::Signals& signals);
  void ask_by_dtls(client::Signals& signals);

  std::unique_ptr<client::TlsStream> tls_;
  client::Grant grant_;
  std::unique_ptr<client::DtlsTunnel> dtls_;
};

}  // namespace culvert::crowd
