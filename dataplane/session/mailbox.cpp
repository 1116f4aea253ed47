#include "dataplane/session/mailbox.hpp"

#include <new>
#include <stdexcept>

#include <rte_errno.h>
#include <rte_lcore.h>

namespace culvert::dp {

namespace {

std::unique_ptr<rte_ring, void (*)(rte_ring*)> make_ring(const std::string& name, unsigned size) {
  rte_ring* ring = rte_ring_create(name.c_str(), rte_align32pow2(size + 1), SOCKET_ID_ANY,
                                   RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) {
    throw std::runtime_error("no memory for the ring '" + name +
                             "': raise `memory` in the dataplane section");
  }
  return {ring, rte_ring_free};
}

}  // namespace

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
    case EndReason::idle_timeout: return "Idle Timeout";
    case EndReason::closed_here: return "Administrator Reset";
  }
  return "unknown";
}

Mailbox::Mailbox(unsigned worker, unsigned messages, Doorbell& control_bell, Doorbell& worker_bell)
    : control_bell_(control_bell), worker_bell_(worker_bell) {
  const std::string suffix = std::to_string(worker);
  // No cache: messages are taken by one thread and given back by the other.
  pool_.reset(rte_mempool_create(("messages" + suffix).c_str(), messages, sizeof(Message), 0, 0,
                                 nullptr, nullptr, nullptr, nullptr, SOCKET_ID_ANY, 0));
  if (pool_ == nullptr) {
    throw std::runtime_error("no memory for the messages of worker " + suffix +
                             ": raise `memory` in the dataplane section");
  }
  // Rings as large as the pool: a message that could be allocated can always be put.
  to_control_.reset(make_ring("to_control" + suffix, messages).release());
  to_worker_.reset(make_ring("to_worker" + suffix, messages).release());
}

Mailbox::~Mailbox() {
  while (Message* m = from_worker())
    free(m);
  while (Message* m = from_control())
    free(m);
}

Message* Mailbox::allocate() noexcept {
  void* p = nullptr;
  if (rte_mempool_get(pool_.get(), &p) != 0) return nullptr;
  auto* m = static_cast<Message*>(p);
  // Everything but the 17 KiB of data starts from zero.
  std::memset(p, 0, offsetof(Message, data));
  new (&m->promotion) Promotion{};
  new (&m->dtls) DtlsInstall{};
  return m;
}

void Mailbox::free(Message* message) noexcept {
  if (message->kind == MessageKind::promote) {
    crypto::wipe({reinterpret_cast<uint8_t*>(&message->promotion), sizeof(Promotion)});
  }
  if (message->kind == MessageKind::install_dtls_tx ||
      message->kind == MessageKind::install_dtls_rx) {
    crypto::wipe({reinterpret_cast<uint8_t*>(&message->dtls), sizeof(DtlsInstall)});
  }
  // Records of the set-up hold passwords and cookies only as ciphertext, so they need no wiping.
  rte_mempool_put(pool_.get(), message);
}

bool Mailbox::to_control(Message* message) noexcept {
  if (rte_ring_sp_enqueue(to_control_.get(), message) != 0) return false;
  control_bell_.ring();
  return true;
}

Message* Mailbox::from_control() noexcept {
  void* p = nullptr;
  return rte_ring_sc_dequeue(to_worker_.get(), &p) == 0 ? static_cast<Message*>(p) : nullptr;
}

bool Mailbox::to_worker(Message* message) noexcept {
  if (rte_ring_sp_enqueue(to_worker_.get(), message) != 0) return false;
  worker_bell_.ring();
  return true;
}

Message* Mailbox::from_worker() noexcept {
  void* p = nullptr;
  return rte_ring_sc_dequeue(to_control_.get(), &p) == 0 ? static_cast<Message*>(p) : nullptr;
}

bool Mailbox::worker_ring_empty() const noexcept {
  return rte_ring_empty(to_worker_.get()) != 0;
}

bool Mailbox::control_ring_empty() const noexcept {
  return rte_ring_empty(to_control_.get()) != 0;
}

unsigned Mailbox::in_use() const noexcept {
  return rte_mempool_in_use_count(pool_.get());
}

}  // namespace culvert::dp
