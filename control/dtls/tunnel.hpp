// A DTLS tunnel as control knows it: two sides on two workers, and how far they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "control/mtu/path_mtu.hpp"
#include "control/session/registry.hpp"
#include "crypto/record/protection.hpp"
#include "crypto/suite.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

struct DtlsTunnel {
  enum class State : uint8_t {
    installing_tx,
    installing_rx,
    installed,  // the client has not been heard under the new keys
    up,
    silent,    // was up; the worker has waited in vain for a sign. Both sides still work.
    removing,  // waits for both sides' dtls_removed
  };

  uint32_t session = 0;                     // index
  uint64_t serial = 0;                      // DtlsOffer::serial
  std::shared_ptr<PublishedSession> inner;  // the workers use its address until they have let go
  const crypto::Suite* suite = nullptr;
  CipherShape shape;  // of `suite`
  // Bytes of the largest inner packet that the client was told of, or, with encrypt-then-MAC, that
  // fits a datagram if that is less.
  uint16_t announced = 0;
  uint16_t mtu = 0;   // what the path takes of that, as far as is known
  uint16_t link = 0;  // bytes of the largest outer packet before anything is known
  PathKnowledge path;
  dp::ConnId rx, tx;
  dp::Flow flow;
  State state = State::installing_tx;
  uint64_t since_us = 0;  // of the first `up`; before that, of the end of the handshake
  uint64_t silent_since_us = 0;
  bool heard = false;  // has ever been up
  // Where the workers count; valid while the dataplane lives.
  const dp::TunnelCounters* rx_counters = nullptr;
  const dp::TunnelCounters* tx_counters = nullptr;
  // Sides that a worker has, or is about to have.
  bool has_rx = false;
  bool has_tx = false;

  [[nodiscard]] dp::Totals totals() const noexcept;
  // Bytes of the largest outer packet that is sent at this moment, as far as routers have said.
  [[nodiscard]] uint16_t path_mtu() const noexcept {
    return path.path_mtu != 0 ? std::min(path.path_mtu, link) : link;
  }
};

// What sessions learn of their DTLS tunnels. Called on the control thread.
class DtlsOwner {
 public:
  virtual ~DtlsOwner() = default;
  // Whether a handshake for it may begin: the session is there and knows no newer CONNECT.
  [[nodiscard]] virtual bool dtls_wanted(uint32_t session, uint64_t serial) const = 0;
  // The client was heard under the tunnel's keys: for the first time, or again after a silence.
  virtual void dtls_up(const std::shared_ptr<DtlsTunnel>& tunnel) = 0;
  // The worker has waited for a sign of the client in vain: for the time that DPD allows, or, while
  // packets go down, for much less (dataplane/dtls/timers.cpp).
  virtual void dtls_silent(const DtlsTunnel& tunnel) = 0;
  // `tunnel.mtu` is new.
  virtual void dtls_path(const DtlsTunnel& tunnel) = 0;
  // Its key has sealed as much as it may. True if the owner has seen to it that the client comes
  // back for new ones; the tunnel carries on until then. Else it is ended.
  [[nodiscard]] virtual bool dtls_worn(const DtlsTunnel& tunnel) = 0;
  // `tunnel.flow` is new.
  virtual void dtls_moved(const DtlsTunnel& tunnel, const dp::Flow& before) = 0;
  // The tunnel is about to be removed: by `reason`, or because the owner asked for it
  // (EndReason::closed_here). No packet may be sent into it after this call. `code` as in
  // dp::Message.
  virtual void dtls_ended(const DtlsTunnel& tunnel, dp::EndReason reason, uint8_t code) = 0;
  // What a tunnel has carried that was not said before: just before dtls_ended(), for that may end the
  // session and be the last that is said of it; and once more when both sides are removed.
  virtual void dtls_counted(uint32_t session, const dp::Totals& totals) = 0;
};

}  // namespace culvert::control
