// All DTLS tunnels: puts their two sides on the workers, follows what becomes of them, takes them
// away again. The order of messages is that of dataplane/session/mailbox.hpp.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "control/dtls/handshake.hpp"
#include "control/dtls/limits.hpp"
#include "control/dtls/offer.hpp"
#include "control/dtls/slots.hpp"
#include "control/dtls/tunnel.hpp"
#include "control/setup/arrival.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/outbox.hpp"

namespace culvert::control {

class DtlsTunnels {
 public:
  DtlsTunnels(SetupEnv& env, const DtlsLimits& limits, DtlsStats& stats, Outbox& outbox);

  void attach(DtlsOwner& owner) noexcept { owner_ = &owner; }

  // For a handshake that is done, on the worker where its datagrams land. `installed` is called
  // once both sides can work. nullptr: no room.
  std::shared_ptr<DtlsTunnel> begin(const DtlsOffer& offer, const dp::Flow& flow, uint8_t worker,
                                    const DtlsKeys& keys, std::function<void()> installed);
  // dtls_installed, _up, _silent, _moved, _ended, _removed.
  void on_message(const dp::Message& message);
  void remove(const DtlsTunnel& tunnel, dp::EndReason reason);
  // All of a session's, but those of a CONNECT with `serial` or later.
  void remove_older(uint32_t session, uint64_t serial);
  void tick(uint64_t now_us);
  // Forgets everything without a word to the workers: they are about to stop.
  void abandon();

  [[nodiscard]] size_t size() const noexcept { return by_session_.size(); }

 private:
  struct Entry {
    std::shared_ptr<DtlsTunnel> tunnel;
    uint64_t order = 0;         // in which they were begun
    dp::DtlsInstall receive{};  // until it is sent
    std::function<void()> installed;
    std::optional<uint8_t> route;  // the worker that passes the client's datagrams on
    dp::Totals counted;            // what the owner was told at the end
    dp::Totals removed;            // what the sides that are removed have said
  };
  using EntryPtr = std::shared_ptr<Entry>;

  [[nodiscard]] EntryPtr find(dp::DtlsSide side, dp::ConnId id) const;
  [[nodiscard]] std::vector<EntryPtr> of_session(uint32_t session) const;
  void on_installed(Entry& entry, const dp::Message& message);
  void on_up(Entry& entry);
  void on_moved(Entry& entry, const dp::Message& message);
  void on_path(Entry& entry, const dp::Message& message);
  void on_removed(const EntryPtr& entry, const dp::Message& message);
  void unroute(Entry& entry);
  void end(Entry& entry, dp::EndReason reason, uint8_t code = 0);

  SetupEnv& env_;
  const DtlsLimits& limits_;
  DtlsStats& stats_;
  Outbox& outbox_;
  DtlsOwner* owner_ = nullptr;
  DtlsSlots rx_slots_;
  DtlsSlots tx_slots_;
  uint64_t next_order_ = 1;
  std::unordered_multimap<uint32_t, EntryPtr> by_session_;
  std::unordered_map<dp::ConnId, EntryPtr, HashConn> by_rx_;
  std::unordered_map<dp::ConnId, EntryPtr, HashConn> by_tx_;
};

}  // namespace culvert::control
