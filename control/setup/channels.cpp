// A session's two channels as one: which of them carries packets, and what becomes of DTLS.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "control/setup/goodbye.hpp"
#include "control/setup/sessions.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

// Of IP and UDP around a datagram.
constexpr unsigned kHeaders4 = 20 + 8;
constexpr unsigned kHeaders6 = 40 + 8;

}  // namespace

std::optional<DtlsChoice> Sessions::choose_dtls_form(const SessionRecord& session,
                                                     const ConnectRequest& request,
                                                     const TunnelInfo& peer,
                                                     const ConnectTls& tls) {
  const DtlsWishes& wishes = request.dtls;
  if (!session.policy.dtls || peer.suite == nullptr) return std::nullopt;
  if (wishes.suites.empty() && wishes.suites12.empty()) return std::nullopt;
  if (auto choice = choose_dtls(wishes, *peer.suite);
      choice && (choice->form != DtlsForm::psk || !tls.psk.empty())) {
    return choice;
  }
  env_.log(5, 722043, prefix(session) + " DTLS disabled: unable to negotiate cipher");
  return std::nullopt;
}

DtlsGrant Sessions::offer_dtls(const SessionRecord& session, const DtlsChoice& choice,
                               const MtuInputs& sizes, const Mtus& mtus, TunnelClaim& claim) {
  const unsigned path = std::min(sizes.interface_mtu, sizes.base_mtu.value_or(sizes.interface_mtu));
  const Policy& policy = session.policy;
  DtlsOffer offer;
  offer.form = choice.form;
  offer.suite = choice.suite;
  offer.session = session.index;
  offer.serial = claim.serial;
  offer.inner = session.inner;
  offer.tls_remote = claim.info.flow.remote;
  offer.mtu = mtus.dtls;
  offer.datagram_mtu = path - (sizes.outer_v6 ? kHeaders6 : kHeaders4);
  offer.shape = sizes.dtls_suite;
  offer.link = static_cast<uint16_t>(std::min(path, 65535U));
  offer.dpd_s = policy.dpd_gateway_s;
  offer.keepalive_s = policy.keepalive_s;
  claim.dtls = dtls_.offer(std::move(offer));
  if (mtus.dtls_lowered) {
    env_.log(6, 722043,
             fmt::format("{} DTLS MTU lowered to {}: a larger packet in a record of {} would not "
                         "fit the interface",
                         prefix(session), mtus.dtls, choice.suite->name));
  }

  DtlsGrant grant;
  grant.form = choice.form;
  grant.id = fmt::format("{:02X}", fmt::join(claim.dtls->id, ""));
  grant.port = env_.config->webvpn.dtls_port;
  grant.dpd_s = policy.dpd_client_s;
  grant.keepalive_s = policy.keepalive_s;
  grant.mtu = mtus.dtls;
  grant.base_mtu = path;
  grant.suite_header = choice.header;
  grant.suite = choice.value;
  return grant;
}

bool Sessions::dtls_carries(const SessionRecord& session) {
  if (!session.dtls) return false;
  const DtlsTunnel& dtls = *session.dtls;
  if (!session.tunnel) return true;  // silent or not
  return dtls.state == DtlsTunnel::State::up &&
         (dtls.mtu == dtls.announced ||
          dtls_is_wide_enough(dtls.mtu, session.inner->lease6.has_value()));
}

// One word, so that no packet is checked against the MTU of the other channel.
void Sessions::point_channel(const SessionRecord& session) {
  dp::Channel channel;
  if (dtls_carries(session)) {
    channel = dp::Channel(dp::Channel::Kind::dtls, session.dtls->tx, session.dtls->mtu);
  } else if (session.tunnel) {
    channel = dp::Channel(dp::Channel::Kind::tls, session.tunnel->conn, session.tunnel->tls_mtu);
  }
  env_.set_channel(session.inner->session, channel);
}

bool Sessions::dtls_wanted(uint32_t session, uint64_t serial) const {
  const auto found = registry_.all().find(session);
  return found != registry_.all().end() && serial >= found->second->connect_serial;
}

void Sessions::dtls_up(const std::shared_ptr<DtlsTunnel>& tunnel) {
  SessionRecord* session = registry_.find(tunnel->session);
  if (session == nullptr) return;
  if (session->dtls == tunnel && !session->tunnel) {
    point_channel(*session);  // nothing was said of its silence either: see dtls_silent()
    return;
  }
  const bool replaces =
      session->dtls && session->dtls != tunnel && session->dtls->state == DtlsTunnel::State::up;
  if (replaces) {
    env_.flow_drops.add(dp::DropReason::svc_replaced);
    env_.log(5, 722032, prefix(*session) + " New UDP SVC connection replacing old connection.");
  } else if (session->dtls_tunnels == 0) {
    env_.log(5, 722033,
             prefix(*session) + " First UDP SVC connection established for SVC session.");
  } else {
    env_.log(5, 722034, prefix(*session) + " New UDP SVC connection, no existing connection.");
  }
  env_.log(6, 722022, prefix(*session) + " UDP SVC connection established without compression");
  session->dtls = tunnel;
  session->dtls_tunnels++;
  point_channel(*session);
  if (session->state != SessionState::active) carried_by_dtls(*session, tunnel->flow);
}

// The TLS connection was lost before the client was heard on its new DTLS tunnel, or before its worker
// had taken it over: without a tunnel that carried anything the session had begun to wait.
void Sessions::carried_by_dtls(SessionRecord& session, const dp::Flow& flow) {
  if (session.state == SessionState::waiting) resumed(session, session.public_address, flow);
  session.state = SessionState::active;
  session.state_since_us = session.data_us = env_.now_us();
  if (observer_ != nullptr) observer_->tunnel_added(session);
}

// Both sides go on working, so that the channel is back with the client's next record.
void Sessions::dtls_silent(const DtlsTunnel& tunnel) {
  SessionRecord* session = registry_.find(tunnel.session);
  if (session == nullptr || session->dtls.get() != &tunnel) return;
  if (!session->tunnel) return;  // nothing to fall back to: see give_up_dtls()
  env_.log(5, 722037, prefix(*session) + " SVC closing connection: DPD failure.");
  env_.log(6, 722023, prefix(*session) + " UDP SVC connection terminated without compression");
  point_channel(*session);
}

void Sessions::dtls_path(const DtlsTunnel& tunnel) {
  SessionRecord* session = registry_.find(tunnel.session);
  if (session == nullptr || session->dtls.get() != &tunnel) return;
  point_channel(*session);
  const bool carries = dtls_carries(*session) || tunnel.state != DtlsTunnel::State::up;
  env_.log(6, 722043,
           fmt::format("{} DTLS MTU {}: packets of up to {} bytes fit the path{}", prefix(*session),
                       tunnel.mtu == tunnel.announced ? "restored" : "lowered", tunnel.mtu,
                       carries ? "" : ", too few, so that they go by TLS"));
}

// A silence is called one early, since falling back costs nothing. Where there is nothing to fall back
// to the tunnel has the whole time that DPD allows.
void Sessions::give_up_dtls(SessionRecord& session, uint64_t now_us) {
  if (session.tunnel || !session.dtls || session.dtls->state != DtlsTunnel::State::silent) return;
  const auto tunnel = session.dtls;  // ended() lets go of it
  if (now_us >= tunnel->silent_since_us + session.policy.dpd_gateway_s * kSecond) {
    dtls_.tunnels().remove(*tunnel, dp::EndReason::dpd_failure);
  }
}

// openconnect takes no notice of a DTLS tunnel that is closed: it went on sending into it until its DPD
// failed, a minute later. So the TLS connection is closed, as for a worn key of TLS 1.2: every client
// comes back with its cookie at once, and its CONNECT brings new keys for both.
bool Sessions::dtls_worn(const DtlsTunnel& tunnel) {
  SessionRecord* session = registry_.find(tunnel.session);
  if (session == nullptr || session->dtls.get() != &tunnel || !session->tunnel) return false;
  env_.log(5, 722037,
           fmt::format("{} SVC closing connection: {}.", prefix(*session),
                       dp::to_string(dp::EndReason::key_worn_out)));
  outbox_.close(session->tunnel->conn, 0, "");
  return true;
}

void Sessions::dtls_moved(const DtlsTunnel& tunnel, const dp::Flow& before) {
  SessionRecord* session = registry_.find(tunnel.session);
  if (session == nullptr || session->dtls.get() != &tunnel) return;
  if (tunnel.flow.remote == before.remote) return;  // another port of the same NAT
  resumed(*session, before.remote, tunnel.flow);
}

void Sessions::resumed(SessionRecord& session, const IpAddress& before, const dp::Flow& flow) {
  env_.log(
      6, 716059,
      fmt::format("Group <{}> User <{}> IP <{}> AnyConnect session resumed connection from "
                  "IP <{}>.",
                  session.tunnel_group, session.user, before.to_string(), flow.remote.to_string()));
  session.public_address = flow.remote;
  session.public_port = flow.remote_port;
}

void Sessions::dtls_ended(const DtlsTunnel& tunnel, dp::EndReason reason, uint8_t code) {
  SessionRecord* session = registry_.find(tunnel.session);
  if (session == nullptr || session->dtls.get() != &tunnel) return;  // never up, or replaced
  const auto keep = std::exchange(session->dtls, nullptr);
  count_close_alert(reason, code);
  point_channel(*session);
  if (reason != dp::EndReason::closed_here) {
    env_.log(
        5, 722037,
        fmt::format("{} SVC closing connection: {}.", prefix(*session), dp::to_string(reason)));
  }
  env_.log(6, 722023, prefix(*session) + " UDP SVC connection terminated without compression");
  if (ends_session(reason, code)) {
    end(*session, Cause::user_requested);
  } else if (session->state == SessionState::active && !session->tunnel) {
    wait_for_client(*session);
  }
}

void Sessions::dtls_counted(uint32_t index, const dp::Totals& totals) {
  if (SessionRecord* session = registry_.find(index)) session->past = session->past + totals;
}

void Sessions::count_close_alert(dp::EndReason reason, uint8_t code) noexcept {
  constexpr uint8_t kCloseNotify = 0;  // RFC 8446 §6
  if (reason == dp::EndReason::tls_alert && code == kCloseNotify) {
    env_.flow_drops.add(dp::DropReason::ssl_close_alert);
  }
}

void Sessions::wait_for_client(SessionRecord& session) {
  session.state = SessionState::waiting;
  session.state_since_us = env_.now_us();
  env_.log(6, 716058,
           fmt::format("Group <{}> User <{}> IP <{}> AnyConnect session lost connection. Waiting "
                       "to resume.",
                       session.tunnel_group, session.user, session.public_address.to_string()));
}

}  // namespace culvert::control
