// DTLS from the first ClientHello to a tunnel on the workers.
//
// Runs on the control thread, except for the handshakes' steps, which run on the handshake pool: one job
// at a time a handshake. Datagrams that belong to nothing are dropped without an answer.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>

#include "control/dtls/client_hello.hpp"
#include "control/dtls/hello_verify.hpp"
#include "control/dtls/limits.hpp"
#include "control/dtls/offer.hpp"
#include "control/dtls/openssl_handshake.hpp"
#include "control/dtls/tunnels.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/key_counts.hpp"
#include "control/setup/outbox.hpp"
#include "control/tls/handshake_pool.hpp"

namespace culvert::control {

class DtlsServer {
 public:
  // All outlive it. Throws std::runtime_error.
  DtlsServer(SetupEnv& env, Outbox& outbox, HandshakePool& pool, DtlsLimits limits = {});
  DtlsServer(const DtlsServer&) = delete;
  DtlsServer& operator=(const DtlsServer&) = delete;

  void attach(DtlsOwner& owner) noexcept;
  // Gives the offer its id; it is good for as long as the caller keeps it.
  [[nodiscard]] std::shared_ptr<DtlsOffer> offer(DtlsOffer offer);

  // `datagram` and all dtls_ messages.
  void on_message(unsigned worker, const dp::Message& message);
  // Every 100 ms or so.
  void tick(uint64_t now_us);
  // Before the owner goes: lets go of everything.
  void abandon();

  [[nodiscard]] DtlsTunnels& tunnels() noexcept { return tunnels_; }
  [[nodiscard]] const DtlsTunnels& tunnels() const noexcept { return tunnels_; }
  [[nodiscard]] const DtlsStats& stats() const noexcept { return stats_; }
  // Under way, or done and the client not heard under the new keys yet.
  [[nodiscard]] size_t handshakes() const noexcept { return attempts_.size(); }
  [[nodiscard]] size_t under_way() const noexcept { return under_way_; }

 private:
  struct Attempt;
  struct Job;
  using AttemptPtr = std::shared_ptr<Attempt>;
  struct HashFlow {
    size_t operator()(const dp::Flow& flow) const noexcept;
  };

  void on_datagram(uint8_t worker, const dp::Flow& flow, std::span<const uint8_t> datagram);
  void on_hello(uint8_t worker, const dp::Flow& flow, const ClientHello& hello,
                std::span<const uint8_t> datagram);
  [[nodiscard]] bool wants_cookie(const DtlsOffer& offer, const dp::Flow& flow) const;
  [[nodiscard]] bool has_room(const DtlsOffer& offer, const dp::Flow& flow) const;
  void feed(const AttemptPtr& attempt, std::span<const uint8_t> datagram);
  void start_job(const AttemptPtr& attempt);
  void on_job(const AttemptPtr& attempt, Job& job, const std::string& error);
  void finish(const AttemptPtr& attempt, Job& job);
  void send(const Attempt& attempt, const std::vector<Datagram>& datagrams);
  void fail(const AttemptPtr& attempt, const std::string& reason);
  void repeat(Attempt& attempt);
  void drop(const AttemptPtr& attempt);
  void count(Attempt& attempt);
  void no_longer_under_way(Attempt& attempt);
  // Throws std::runtime_error.
  [[nodiscard]] std::unique_ptr<DtlsHandshake> begin(const DtlsOffer& offer, bool after_cookie);
  // `format` has one place, for the flow as the ASA writes it.
  void log_ssl(int level, unsigned number, std::string_view format, const dp::Flow& flow) const;

  SetupEnv& env_;
  const DtlsLimits limits_;
  DtlsStats stats_;
  Outbox& outbox_;
  HandshakePool& pool_;
  DtlsOwner* owner_ = nullptr;
  DtlsContext context_;
  HelloVerifier verifier_;
  DtlsOffers offers_;
  DtlsTunnels tunnels_;
  std::unordered_map<dp::Flow, AttemptPtr, HashFlow> attempts_;
  size_t under_way_ = 0;
  KeyCounts<IpAddress> per_source_;  // under way
  KeyCounts<uint32_t> per_session_;
  uint64_t next_sweep_us_ = 0;
};

}  // namespace culvert::control
