// Sessions from login to end: cookies, addresses, limits, replacement of tunnels, resuming,
// timeouts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/anyconnect/connect_reply.hpp"
#include "control/anyconnect/connect_request.hpp"
#include "control/auth/authenticator.hpp"
#include "control/dtls/server.hpp"
#include "control/mtu/accounting.hpp"
#include "control/session/observer.hpp"
#include "control/session/registry.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/outbox.hpp"

namespace culvert::control {

// A tunnel that CONNECT asked for, until its connection has ended.
struct TunnelClaim {
  uint32_t index = 0;  // of the session
  std::shared_ptr<PublishedSession> inner;
  TunnelInfo info;
  uint64_t serial = 0;              // SessionRecord::connect_serial
  std::shared_ptr<DtlsOffer> dtls;  // good for as long as the claim
  // What its CONNECT was told, or what follows from it: dp::Session's.
  uint16_t adapter_mtu = 0;
  bool df_bit_ignore = false;
};

// What CONNECT takes over from the TLS connection that carries it.
struct ConnectTls {
  unsigned max_plaintext = 16384;  // of a record towards the client
  crypto::Secret<48> psk;          // for DTLS, 32 bytes; empty = there is none
};

class Sessions : private DtlsOwner {
 public:
  Sessions(SetupEnv& env, const SetupLimits& limits, Outbox& outbox, DtlsServer& dtls);
  ~Sessions() override;

  // --- login (sessions.cpp) ---
  struct Login {
    std::string user;
    std::string tunnel_group;
    std::string user_agent;
    std::string device;
    dp::Flow flow;
    AuthAttributes attributes;  // what the server said
    AuthMode mode = AuthMode::password;
  };
  struct LoginResult {
    SessionRecord* session = nullptr;  // nullptr: `refusal` says why
    std::string cookie;                // the caller wipes it
    std::string refusal;
  };
  // For a user whose password was right.
  [[nodiscard]] LoginResult login(const Login& login);
  // The client's own logout. False if there is no such session.
  bool logout(std::string_view cookie);
  // Ends sessions as an administrator does, or all for another cause. How many.
  unsigned logoff_index(uint32_t index);
  unsigned logoff_user(std::string_view user);
  unsigned logoff_all(EndCause cause = EndCause::administrator_reset);
  // Timeouts. Call it about once a second.
  void tick(uint64_t now_us);

  // --- tunnels (tunnels.cpp) ---
  struct ConnectResult {
    unsigned status = 200;      // 401, 503
    std::string reply;          // whole
    TunnelClaim claim;          // of status 200
    dp::Promotion promotion{};  // without keys
  };
  [[nodiscard]] ConnectResult connect(const ConnectRequest& request, const TunnelInfo& peer,
                                      const ConnectTls& tls);
  // The worker has taken the tunnel over: from now on packets go that way.
  void promoted(TunnelClaim& claim);
  // The connection of a promoted tunnel is gone.
  void tunnel_ended(const TunnelClaim& claim, const dp::Message& ended);

  // --- oversized.cpp ---
  void oversized(const dp::Oversized& what);

  // Outlives the sessions. nullptr: nobody.
  void set_observer(SessionObserver* observer) noexcept { observer_ = observer; }

  [[nodiscard]] const Registry& registry() const noexcept { return registry_; }
  [[nodiscard]] const AddressPools& pools() const noexcept { return pools_; }

 private:
  using Cause = EndCause;
  // Closes the tunnel if there is one, frees what the session holds, logs. Invalidates `session`.
  void end(SessionRecord& session, Cause cause);
  void log_end(const SessionRecord& session, Cause cause);
  [[nodiscard]] bool idle_too_long(SessionRecord& session, uint64_t now_us);
  [[nodiscard]] bool make_room(SessionRecord*& victim);
  // `mtu`: the smallest that is announced; below 1280 there is no IPv6 inside.
  [[nodiscard]] std::shared_ptr<PublishedSession> publish(const SessionRecord& session,
                                                          unsigned worker,
                                                          const ConnectRequest& request,
                                                          unsigned mtu);
  [[nodiscard]] std::optional<AddressLease6> lease_ipv6(const SessionRecord& session,
                                                        unsigned worker,
                                                        const ConnectRequest& request,
                                                        unsigned mtu);
  [[nodiscard]] ConnectResult refuse(unsigned status, std::string_view reason);

  // --- channels.cpp ---
  [[nodiscard]] std::optional<DtlsChoice> choose_dtls_form(const SessionRecord& session,
                                                           const ConnectRequest& request,
                                                           const TunnelInfo& peer,
                                                           const ConnectTls& tls);
  // Keeps an offer in the claim, without its secret, and says what the client is told of it.
  [[nodiscard]] DtlsGrant offer_dtls(const SessionRecord& session, const DtlsChoice& choice,
                                     const MtuInputs& sizes, const Mtus& mtus, TunnelClaim& claim);
  [[nodiscard]] bool dtls_wanted(uint32_t session, uint64_t serial) const override;
  void dtls_up(const std::shared_ptr<DtlsTunnel>& tunnel) override;
  void dtls_silent(const DtlsTunnel& tunnel) override;
  void dtls_path(const DtlsTunnel& tunnel) override;
  [[nodiscard]] bool dtls_worn(const DtlsTunnel& tunnel) override;
  void dtls_moved(const DtlsTunnel& tunnel, const dp::Flow& before) override;
  void dtls_ended(const DtlsTunnel& tunnel, dp::EndReason reason, uint8_t code) override;
  void dtls_counted(uint32_t session, const dp::Totals& totals) override;
  // Whether packets for the client are to go by DTLS at this moment.
  [[nodiscard]] static bool dtls_carries(const SessionRecord& session);
  // Of a session without a tunnel, whose client was heard by DTLS.
  void carried_by_dtls(SessionRecord& session, const dp::Flow& flow);
  // Says that the client came from `before` and is now where `flow` comes from, which it remembers.
  void resumed(SessionRecord& session, const IpAddress& before, const dp::Flow& flow);
  // Sends packets for the client into its best tunnel.
  void point_channel(const SessionRecord& session);
  void give_up_dtls(SessionRecord& session, uint64_t now_us);
  void count_close_alert(dp::EndReason reason, uint8_t code) noexcept;
  // Says that the session has no tunnel left.
  void wait_for_client(SessionRecord& session);
  // "Group <gp> User <u> IP <ip>", which most messages begin with.
  [[nodiscard]] static std::string prefix(const SessionRecord& session);

  SetupEnv& env_;
  const SetupLimits& limits_;
  Outbox& outbox_;
  DtlsServer& dtls_;
  AddressPools pools_;
  Registry registry_;
  SessionObserver* observer_ = nullptr;
  uint64_t connects_ = 0;
};

}  // namespace culvert::control
