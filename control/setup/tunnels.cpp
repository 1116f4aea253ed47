// CONNECT, and what becomes of a session's tunnels: the first, one that replaces another, one that
// is lost.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "control/anyconnect/connect_reply.hpp"
#include "control/mtu/accounting.hpp"
#include "control/mtu/client_adapter.hpp"
#include "control/mtu/path_mtu.hpp"
#include "control/setup/goodbye.hpp"
#include "control/setup/mtu_trace.hpp"
#include "control/setup/sessions.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

const InterfaceConfig* interface_of(const Config& config, const IpAddress& address) {
  for (const InterfaceConfig& interface : config.interfaces) {
    if (interface.address == address) return &interface;
    for (const Ipv6Prefix& own : interface.ipv6_addresses) {
      if (own.address == address) return &interface;
    }
  }
  return nullptr;
}

}  // namespace

Sessions::ConnectResult Sessions::refuse(unsigned status, std::string_view reason) {
  ConnectResult result;
  result.status = status;
  result.reply = connect_refusal(status, reason);
  return result;
}

std::optional<AddressLease6> Sessions::lease_ipv6(const SessionRecord& session, unsigned worker,
                                                  const ConnectRequest& request, unsigned mtu) {
  const Policy& policy = session.policy;
  const std::optional<IpAddress>& framed = session.attributes.framed_address6;
  if (!request.wants_ipv6 || (policy.ipv6_address_pools.empty() && !framed)) return std::nullopt;
  const auto withheld = [&](std::string_view why) {
    env_.log(4, 722041,
             fmt::format("TunnelGroup <{}> GroupPolicy <{}> User <{}> IP <{}> No IPv6 address "
                         "available for SVC connection{}",
                         session.tunnel_group, policy.name, session.user,
                         session.public_address.to_string(), why));
  };
  if (mtu < kLeastMtu6) {
    withheld(fmt::format(": the tunnel's MTU of {} is below the 1280 that IPv6 needs", mtu));
    return std::nullopt;
  }
  auto lease = framed ? pools_.acquire_fixed6(*framed)
                      : pools_.acquire6(policy.ipv6_address_pools, worker, request.addresses);
  if (!lease) {
    withheld(framed
                 ? fmt::format(": {}, which the server assigned, is taken or cannot be a client's",
                               framed->to_string())
                 : "");
  }
  return lease;
}

std::shared_ptr<PublishedSession> Sessions::publish(const SessionRecord& session, unsigned worker,
                                                    const ConnectRequest& request, unsigned mtu) {
  auto inner = std::make_shared<PublishedSession>();
  if (const auto& framed = session.attributes.framed_address) {
    inner->lease = pools_.acquire_fixed(*framed, session.attributes.framed_netmask);
    if (!inner->lease) return nullptr;
  } else if (request.wants_ipv4) {
    inner->lease = pools_.acquire(session.policy.address_pools, worker, request.addresses);
  }
  // Both addresses have the same home, so that one worker decides everything on the way down.
  if (inner->lease) worker = env_.home_of(inner->address());
  inner->lease6 = lease_ipv6(session, worker, request, mtu);
  SessionSpec spec;
  spec.index = session.index;
  spec.inner = {inner->address(), inner->address6()};
  if (spec.inner.empty()) return nullptr;
  spec.home = env_.home_of(inner->name());
  spec.df_bit_ignore = session.policy.df_bit_ignore;
  inner->session = env_.publish(spec);
  inner->on_release = [this](PublishedSession& released) {
    if (released.session != nullptr) env_.retire(released.session);
    if (released.lease) pools_.release(*released.lease);
    if (released.lease6) pools_.release(*released.lease6);
  };
  return inner->session == nullptr ? nullptr : inner;
}

Sessions::ConnectResult Sessions::connect(const ConnectRequest& request, const TunnelInfo& peer,
                                          const ConnectTls& tls) {
  SessionRecord* session = registry_.find_cookie(request.cookie);
  if (session == nullptr) {
    env_.log(4, 722003,
             fmt::format("IP <{}> Error authenticating SVC connect request.",
                         peer.flow.remote.to_string()));
    return refuse(401, "");
  }
  // What is configured now holds for a session that comes back, too.
  session->policy =
      resolve_policy(*env_.config, session->tunnel_group, session->user, session->attributes);
  const Policy& policy = session->policy;
  const InterfaceConfig* interface = interface_of(*env_.config, peer.flow.local);
  MtuInputs sizes;
  sizes.accounting = policy.mtu_accounting;
  if (peer.suite != nullptr) {
    sizes.version =
        peer.suite->version == crypto::Version::tls13 ? TlsVersion::tls13 : TlsVersion::tls12;
    sizes.tls_suite = find_cipher_shape(peer.suite->name).value_or(CipherShape{});
    sizes.tls_suite.encrypt_then_mac = peer.encrypt_then_mac;
  }
  sizes.dtls_suite = usual_dtls_suite(sizes.tls_suite);
  sizes.client_mss = peer.client_mss;
  sizes.timestamps = peer.timestamps;
  sizes.tcpmss = env_.config->tcpmss;
  if (interface != nullptr) sizes.interface_mtu = interface->mtu;
  sizes.outer_v6 = !peer.flow.remote.is_v4();
  sizes.base_mtu = request.base_mtu;
  sizes.client_mtu = request.mtu;
  sizes.configured_mtu = policy.anyconnect_mtu;
  sizes.max_plaintext = tls.max_plaintext;
  const std::optional<DtlsChoice> dtls = choose_dtls_form(*session, request, peer, tls);
  if (dtls) {
    sizes.dtls_suite = find_cipher_shape(dtls->suite->name).value_or(sizes.dtls_suite);
  }
  const Mtus mtus = announced_mtus(sizes);
  if (env_.debug != nullptr && env_.debug->webvpn_anyconnect != 0) {
    for (const std::string& line : mtu_trace(request, sizes, mtus, dtls ? dtls->suite : nullptr))
      env_.log(7, kDebugTrace, fmt::format("{} {}", prefix(*session), line));
  }
  const bool first = !session->inner;
  if (first) {
    session->inner = publish(*session, peer.conn.worker, request, std::min(mtus.tls, mtus.dtls));
  }
  if (!session->inner) {
    if (const auto& framed = session->attributes.framed_address) {
      env_.log(4, 0,
               fmt::format("{} The address {} that the server assigned is taken or cannot be "
                           "a client's",
                           prefix(*session), framed->to_string()));
    }
    env_.log(3, 722020,
             fmt::format("TunnelGroup <{}> GroupPolicy <{}> User <{}> IP <{}> No address available "
                         "for SVC connection",
                         session->tunnel_group, session->policy.name, session->user,
                         peer.flow.remote.to_string()));
    return refuse(503, "No address available");
  }

  const uint64_t age_s = (env_.now_us() - session->login_us) / kSecond;
  TunnelGrant grant;
  grant.address = session->inner->address();
  if (session->inner->lease) grant.netmask = session->inner->lease->mask;
  if (session->inner->lease6)
    grant.address6 = {session->inner->lease6->address, session->inner->lease6->prefix};
  grant.hostname = request.hostname;
  grant.dns = policy.dns_servers;
  grant.default_domain = policy.default_domain;
  grant.wins = policy.wins_servers;
  grant.split_tunnel = policy.split_tunnel;
  grant.split_networks = policy.split_networks;
  grant.split_dns = policy.split_dns;
  grant.tunnel_all_dns = policy.tunnel_all_dns;
  grant.banner = policy.banner;
  grant.idle_timeout_s = policy.idle_timeout_s;
  grant.disconnected_timeout_s = policy.disconnected_timeout_s;
  grant.session_timeout_s = policy.session_timeout_s;
  if (policy.session_timeout_s > age_s)
    grant.session_remaining_s = policy.session_timeout_s - static_cast<unsigned>(age_s);
  grant.dpd_s = policy.dpd_client_s;
  grant.keepalive_s = policy.keepalive_s;
  grant.rekey_s = policy.rekey_s;
  // Within TLS 1.2 new keys need a renegotiation, for which the worker has no OpenSSL any more.
  const bool key_update = peer.suite != nullptr && peer.suite->version == crypto::Version::tls13;
  grant.rekey_method = policy.rekey_method == RekeyMethod::ssl && !key_update
                           ? RekeyMethod::new_tunnel
                           : policy.rekey_method;
  grant.tls_mtu = mtus.tls;

  ConnectResult result;
  result.claim = {session->index, session->inner, peer, ++connects_, nullptr};
  result.claim.info.tls_mtu = mtus.tls;
  if (dtls) {
    grant.dtls = offer_dtls(*session, *dtls, sizes, mtus, result.claim);
    result.claim.dtls->secret = dtls->form == DtlsForm::psk ? tls.psk : request.dtls_master;
  }
  result.claim.df_bit_ignore = policy.df_bit_ignore;
  if (policy.smart_fallback) {
    const bool dtls_up = session->dtls && session->dtls->state == DtlsTunnel::State::up;
    const unsigned adapter = adapter_mtu({.user_agent = request.user_agent,
                                          .tls_mtu = mtus.tls,
                                          .dtls_mtu = dtls ? mtus.dtls : 0u,
                                          .dtls_failed = session->tunnels != 0 && !dtls_up});
    result.claim.adapter_mtu =
        static_cast<uint16_t>(std::min(adapter, tls.max_plaintext - cstp::kHeaderSize));
  }
  result.reply = connect_reply(grant);
  result.promotion.inner = session->inner->session->inner;
  result.promotion.dpd_interval_s = policy.dpd_gateway_s;
  result.promotion.keepalive_s = policy.keepalive_s;
  session->user_agent = request.user_agent;
  if (first) {
    env_.log(
        6, 722051,
        fmt::format("{} IPv4 Address <{}> IPv6 address <{}> assigned to session", prefix(*session),
                    grant.address.is_unspecified() ? "0.0.0.0" : grant.address.to_string(),
                    grant.address6.address.to_string()));
  }
  return result;
}

void Sessions::promoted(TunnelClaim& claim) {
  SessionRecord* session = registry_.find(claim.index);
  if (session == nullptr || session->inner != claim.inner) {
    // It was logged off between CONNECT and now.
    outbox_.abort(claim.info.conn);
    return;
  }
  if (claim.serial < session->connect_serial) {
    // Workers answer in any order, and the client itself has gone on to its later CONNECT. What the
    // connection holds goes with its end.
    env_.flow_drops.add(dp::DropReason::svc_replaced);
    outbox_.abort(claim.info.conn);
    return;
  }
  const TunnelInfo& tunnel = claim.info;
  const IpAddress before = session->public_address;
  session->public_address = tunnel.flow.remote;
  session->public_port = tunnel.flow.remote_port;
  if (session->tunnel) {
    env_.flow_drops.add(dp::DropReason::svc_replaced);
    env_.log(5, 722032, prefix(*session) + " New TCP SVC connection replacing old connection.");
    // Counted now, so that no report has less than the one before it.
    const dp::Totals so_far = session->tunnel->counters != nullptr
                                  ? read_totals(*session->tunnel->counters)
                                  : dp::Totals{};
    session->past = session->past + so_far;
    session->replaced.push_back({session->tunnel->conn, so_far});
    outbox_.abort(session->tunnel->conn);
  } else if (session->tunnels == 0) {
    env_.log(5, 722033,
             prefix(*session) + " First TCP SVC connection established for SVC session.");
  } else {
    env_.log(5, 722034, prefix(*session) + " New TCP SVC connection, no existing connection.");
  }
  env_.log(6, 722022, prefix(*session) + " TCP SVC connection established without compression");
  if (session->tunnels != 0) {
    env_.log(6, 716059,
             fmt::format("Group <{}> User <{}> IP <{}> AnyConnect session resumed connection from "
                         "IP <{}>.",
                         session->tunnel_group, session->user, before.to_string(),
                         session->public_address.to_string()));
  }
  session->tunnel = tunnel;
  session->tunnel->since_us = env_.now_us();
  session->tunnels++;
  session->state = SessionState::active;
  session->state_since_us = session->data_us = session->tunnel->since_us;
  session->connect_serial = claim.serial;
  dp::Session& published = *session->inner->session;
  published.df_bit_ignore.store(claim.df_bit_ignore, std::memory_order_relaxed);
  published.adapter_mtu.store(claim.adapter_mtu, std::memory_order_relaxed);
  // Its keys came from the old connection; the client begins a new one.
  dtls_.tunnels().remove_older(session->index, claim.serial);
  point_channel(*session);
  if (observer_ != nullptr) observer_->tunnel_added(*session);
}

void Sessions::tunnel_ended(const TunnelClaim& claim, const dp::Message& ended) {
  SessionRecord* session = registry_.find(claim.index);
  if (session == nullptr || session->inner != claim.inner) return;
  session->past = session->past + ended.totals;
  std::erase_if(session->replaced, [&](const ReplacedTunnel& replaced) {
    if (replaced.conn != claim.info.conn) return false;
    session->past = session->past - replaced.counted;
    return true;
  });
  count_close_alert(ended.reason, ended.code);
  // A tunnel that was replaced leaves its traffic in the totals, and that is all.
  if (!session->tunnel || session->tunnel->conn != claim.info.conn) return;

  session->tunnel.reset();
  point_channel(*session);
  env_.log(
      5, 722037,
      fmt::format("{} SVC closing connection: {}.", prefix(*session), dp::to_string(ended.reason)));
  env_.log(6, 722023, prefix(*session) + " TCP SVC connection terminated without compression");
  if (ends_session(ended.reason, ended.code)) return end(*session, Cause::user_requested);
  // When the path is to blame DTLS may still work. A client that closes, or that is not understood,
  // is through with both.
  const bool path = ended.reason == dp::EndReason::peer_reset ||
                    ended.reason == dp::EndReason::timed_out ||
                    ended.reason == dp::EndReason::dpd_failure;
  if (!path) {
    dtls_.tunnels().remove_older(session->index, std::numeric_limits<uint64_t>::max());
  }
  if (session->state == SessionState::active && !session->dtls) wait_for_client(*session);
}

}  // namespace culvert::control
