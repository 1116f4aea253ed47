#include "dataplane/session/mailbox.hpp"

#include <cassert>
#include <cstring>
#include <new>
#include <stdexcept>

#include <rte_lcore.h>

namespace culvert::dp {

std::string_view to_string(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::none: return "none";
    case EndReason::peer_closed: return "Transport closing";
    case EndReason::peer_reset: return "Transport reset";
    case EndReason::timed_out: return "Transport timed out";
    case EndReason::handshake_timeout: return "Handshake timeout";
    case EndReason::bad_record: return "Bad TLS record";
    case EndReason::tls_alert: return "TLS alert";
    case EndReason::bad_framing: return "Bad framing";
    case EndReason::client_disconnect: return "User Requested";
    case EndReason::dpd_failure: return "DPD failure";
    case EndReason::key_update_flood: return "Too many key updates";
    case EndReason::key_worn_out: return "Key limit reached";
    case EndReason::closed_here: return "Administrator Reset";
  }
  return "unknown";
}

std::unique_ptr<rte_ring, Lane::Free> Lane::make_ring(const std::string& name, unsigned size) {
  rte_ring* ring = rte_ring_create(name.c_str(), rte_align32pow2(size + 1), SOCKET_ID_ANY,
                                   RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) {
    throw std::runtime_error("no memory for the ring '" + name +
                             "': raise `memory` in the dataplane section");
  }
  return std::unique_ptr<rte_ring, Free>(ring);
}

Lane::Lane(const std::string& name, unsigned messages, Doorbell& reader)
    : count_(messages),
      messages_(std::make_unique<Message[]>(messages)),
      full_(make_ring(name, messages)),
      free_(make_ring("free_" + name, messages)),
      reader_(reader) {
  for (unsigned i = 0; i < messages; ++i)
    free(&messages_[i]);
}

Lane::~Lane() {
  while (Message* m = take())
    free(m);
}

Message* Lane::allocate() noexcept {
  void* p = nullptr;
  if (rte_ring_sc_dequeue(free_.get(), &p) != 0) return nullptr;
  auto* m = static_cast<Message*>(p);
  // Everything but the 17 KiB of data starts from zero.
  std::memset(p, 0, offsetof(Message, data));
  new (&m->promotion) Promotion{};
  new (&m->dtls) DtlsInstall{};
  return m;
}

void Lane::put(Message* message) noexcept {
  // The ring has room for all messages of the lane.
  [[maybe_unused]] const int refused = rte_ring_sp_enqueue(full_.get(), message);
  assert(refused == 0);
  reader_.ring();
}

Message* Lane::take() noexcept {
  void* p = nullptr;
  return rte_ring_sc_dequeue(full_.get(), &p) == 0 ? static_cast<Message*>(p) : nullptr;
}

namespace {

void wipe_keys(Message& m) noexcept {
  const auto wipe = [](auto& part) {
    crypto::wipe({reinterpret_cast<uint8_t*>(&part), sizeof part});
  };
  if (m.kind == MessageKind::promote || m.kind == MessageKind::rekey) wipe(m.promotion);
  if (m.kind == MessageKind::install_dtls_tx || m.kind == MessageKind::install_dtls_rx) {
    wipe(m.dtls);
  }
  // Records of the set-up hold passwords and cookies only as ciphertext, so they need no wiping.
}

}  // namespace

void Lane::free(Message* message) noexcept {
  wipe_keys(*message);
  [[maybe_unused]] const int refused = rte_ring_sp_enqueue(free_.get(), message);
  assert(refused == 0);
}

Mailbox::Mailbox(unsigned worker, unsigned messages, Doorbell& control_bell, Doorbell& worker_bell)
    : up_("to_control" + std::to_string(worker), messages, control_bell),
      down_("to_worker" + std::to_string(worker), messages, worker_bell) {}

}  // namespace culvert::dp
