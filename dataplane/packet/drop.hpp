// Why packets die. One table: the ASA's keyword, its label, and one sentence; `show asp drop`, the
// metrics and the manual come from it. Reasons that the ASA lacks carry the prefix `cv-`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include <rte_mbuf.h>

#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/counter.hpp"

namespace culvert::dp {

// X(enumerator, keyword, label, sentence), in the order in which they are shown.
#define CULVERT_DROP_REASONS(X)                                                                    \
  /* Layers 2 and 3 */                                                                             \
  X(l2_malformed, "cv-l2-malformed", "Frame too short or of an unknown type",                      \
    "The frame has no complete Ethernet header, or a type that is not IPv4, IPv6 or ARP.")         \
  X(l2_not_ours, "l2_acl", "FP L2 rule drop", "The frame is for another MAC address.")             \
  X(l2_vlan, "cv-vlan-tagged", "VLAN tag on an untagged interface",                                \
    "The frame has a VLAN tag; subinterfaces are not served.")                                     \
  X(arp_malformed, "cv-arp-malformed", "ARP packet malformed",                                     \
    "The ARP packet is cut short, or not of Ethernet and IPv4, or claims a group address.")        \
  X(ip_bad_header, "invalid-ip-header", "Invalid IP header",                                       \
    "The IP header is cut short, has a wrong header length or a wrong checksum.")                  \
  X(ip_bad_length, "invalid-ip-length", "Invalid IP length",                                       \
    "The IP header's total length does not fit the packet.")                                       \
  X(ip_version, "unsupported-ip-version", "Unsupported IP version",                                \
    "The packet's IP version is one that this interface or tunnel does not carry.")                \
  X(ip_bad_address, "sp-security-failed", "Slowpath security checks failed",                       \
    "A source or destination address that no host may use, or a source that is our own.")          \
  X(ip6_bad_address, "ipv6-sp-security-failed", "IPv6 slowpath security checks failed",            \
    "An IPv6 source or destination address that does not belong on the wire or in the tunnel.")    \
  X(ip6_bad_extension, "ipv6-bad-eh", "Bad IPv6 extension header is detected and denied",          \
    "An IPv6 extension header that is cut short, too long, or that the box must not pass over.")   \
  X(ip6_extension_order, "ipv6-bad-eh-order",                                                      \
    "IPv6 extension headers not in proper order is detected and denied",                           \
    "A hop-by-hop header that is not the first, or an extension header that comes twice.")         \
  X(ip_ttl, "ttl-exceeded", "ttl exceeded", "The time to live ran out here.")                      \
  X(ip_protocol, "cv-protocol-not-served", "Protocol or port not served here",                     \
    "A packet for the box itself, of a protocol or to a port that nothing listens on.")            \
  X(ip_no_route, "no-route", "No route to host", "No route leads to the destination.")             \
  X(ip_no_adjacency, "no-adjacency", "No valid adjacency",                                         \
    "The next hop did not answer, or too many packets wait for its answer.")                       \
  X(ip_not_forwarded, "cv-not-forwarded", "Packet is neither for the box nor for a session",       \
    "The headend does not route between its interfaces.")                                          \
  X(fragment_failed, "fragment-reassembly-failed", "Fragment reassembly failed",                   \
    "Fragments to the box overlapped, were too many, or did not all come in time.")                \
  X(exceeds_mtu, "cv-exceeds-mtu", "Packet larger than the interface MTU",                         \
    "A packet that is too large for the interface it would leave by.")                             \
  X(icmp_malformed, "cv-icmp-malformed", "ICMP message malformed",                                 \
    "The ICMP message is cut short or its checksum is wrong.")                                     \
  X(icmp_ignored, "cv-icmp-ignored", "ICMP message ignored",                                       \
    "An ICMP message to the box that needs no answer.")                                            \
  X(nd_malformed, "cv-nd-malformed", "Neighbour discovery message malformed",                      \
    "A message of neighbour discovery that came over a router, is cut short, or contradicts "      \
    "itself.")                                                                                     \
  X(icmp_rate_limited, "cv-icmp-rate-limited", "ICMP rate limit reached",                          \
    "More echo requests, or reports of narrow paths, than the box deals with in a second.")        \
  X(icmp_no_flow, "inspect-icmp-error-no-existing-conn", "ICMP Error Inspect no existing conn",    \
    "An ICMP report of a narrow path that quotes no live connection or tunnel of the box.")        \
  X(icmp_other_packet, "inspect-icmp-error-different-embedded-conn",                               \
    "ICMP Error Inspect different embedded conn",                                                  \
    "An ICMP report of a narrow path that quotes a packet which cannot be on its way, or that "    \
    "would have fitted.")                                                                          \
  X(icmp_mtu_ignored, "cv-icmp-mtu-ignored", "ICMP path MTU ignored",                              \
    "An ICMP report of a path MTU that is not below the one in use, or (IPv6) below 1280.")        \
  /* TCP to the box */                                                                             \
  X(tcp_bad_header, "invalid-tcp-hdr-length", "Invalid TCP Length",                                \
    "The TCP header is cut short or its data offset is wrong.")                                    \
  X(tcp_bad_checksum, "bad-tcp-cksum", "Bad TCP checksum", "The TCP checksum is wrong.")           \
  X(tcp_bad_flags, "bad-tcp-flags", "Bad TCP flags",                                               \
    "A combination of TCP flags that no state allows.")                                            \
  X(tcp_bad_options, "tcp-bad-option-list", "TCP option list invalid",                             \
    "The TCP options are malformed.")                                                              \
  X(tcp_not_syn, "tcp-not-syn", "First TCP packet not SYN",                                        \
    "A segment of no known connection that is not a SYN; answered with a reset.")                  \
  X(tcp_no_listener, "cv-tcp-no-listener", "TCP port not open",                                    \
    "A SYN to a port that nothing listens on; answered with a reset.")                             \
  X(tcp_reset_limit, "cv-tcp-reset-limit", "TCP resets limited",                                   \
    "A segment of no known connection that got no reset: its sender had many in this second, or "  \
    "packets come faster than they are read.")                                                     \
  X(tcp_cookie, "intercept-unexpected", "TCP intercept unexpected packet",                         \
    "While SYNs are answered with cookies: a segment that is no answer to one, or comes too late;" \
    " answered with a reset.")                                                                     \
  X(tcp_syn_shed, "cv-syn-shed", "SYN beyond those that are answered while behind",                \
    "While the backlog is full and packets come faster than they are read: a SYN beyond the few "  \
    "that get a cookie. Who means it sends it again.")                                             \
  X(tcp_conn_limit, "conn-limit", "Connection limit reached",                                      \
    "No room for another TCP connection.")                                                         \
  X(tcp_handshake, "tcp-3whs-failed", "TCP failed 3 way handshake",                                \
    "A segment of the handshake did not fit or never came.")                                       \
  X(tcp_syn_in_window, "tcp-rst-syn-in-win", "TCP RST/SYN in window",                              \
    "A SYN, or a reset that is not exactly in sequence; answered with a challenge ACK (RFC "       \
    "5961).")                                                                                      \
  X(tcp_out_of_window, "tcp-seq-past-win", "TCP packet SEQ past window",                           \
    "A segment outside the receive window.")                                                       \
  X(tcp_duplicate, "tcp-acked", "TCP DUP and has been ACKed",                                      \
    "A segment that was received and acknowledged before.")                                        \
  X(tcp_bad_ack, "tcp-invalid-ack", "TCP invalid ACK",                                             \
    "A segment that acknowledges what was never sent.")                                            \
  X(tcp_paws, "tcp-paws-fail", "TCP packet failed PAWS test",                                      \
    "The timestamp is older than one seen before (RFC 7323 §5).")                                  \
  X(tcp_reassembly_full, "tcp-buffer-full", "TCP Out-of-Order packet buffer full",                 \
    "The queue of out-of-order segments is full.")                                                 \
  X(tcp_runs, "cv-tcp-runs", "TCP Out-of-Order data in too many pieces",                           \
    "Out-of-order data that would be one more piece of a connection's stream than it may have.")   \
  X(tcp_duplicate_in_queue, "tcp-dup-in-queue", "TCP dup of packet in Out-of-Order queue",         \
    "The data waits already in the queue of out-of-order segments.")                               \
  X(tcp_data_past_fin, "tcp-data-past-fin", "TCP data send after FIN",                             \
    "Data beyond the peer's FIN.")                                                                 \
  X(tcp_socket_closed, "np-socket-closed", "Dropped pending packets in a closed socket",           \
    "Data for, or left in, a connection that this side has closed.")                               \
  /* Tunnels */                                                                                    \
  X(svc_no_fragment, "mp-svc-no-fragment", "SVC Module unable to fragment packet",                 \
    "A packet to the client is larger than the tunnel's MTU and may not be fragmented.")           \
  X(svc_too_many_fragments, "cv-too-many-fragments", "Packet would take too many fragments",       \
    "A packet to the client would have to be cut into more than 128 for the tunnel's MTU.")        \
  X(svc_no_channel, "mp-svc-no-channel", "SVC Module does not have a channel for reinjection",     \
    "The session has no tunnel at this moment.")                                                   \
  X(svc_no_session, "mp-svc-no-session", "SVC Module does not have a session",                     \
    "No session has the address that the packet is for.")                                          \
  X(svc_no_prepend, "mp-svc-no-prepend", "SVC Module does not have enough space to insert header", \
    "The packet buffer has no room for the record's header and tag.")                              \
  X(svc_bad_framing, "mp-svc-bad-framing", "SVC Module received badly framed data",                \
    "A CSTP packet without the magic bytes, or cut short.")                                        \
  X(svc_bad_length, "mp-svc-bad-length", "SVC Module received bad data length",                    \
    "A CSTP packet whose length is not that of its record.")                                       \
  X(svc_unknown_type, "mp-svc-unknown-type", "SVC Module received unknown data frame",             \
    "A CSTP packet of a type that does not exist.")                                                \
  X(svc_compressed, "mp-svc-decompres-error", "SVC Module decompression error",                    \
    "A compressed CSTP packet, though no compression was agreed.")                                 \
  X(svc_flow_control, "mp-svc-flow-control", "SVC Module is in flow control",                      \
    "A packet that waited for too long, or found no room, while the client's TCP took less.")      \
  X(svc_deleting, "mp-svc-delete-in-progress",                                                     \
    "SVC Module received data while connection was being deleted",                                 \
    "Data for a tunnel that is being closed.")                                                     \
  X(svc_spoofed, "svc-selector-failure", "SVC inner policy mismatch failure",                      \
    "An inner packet whose source is not the session's own address.")                              \
  X(svc_spoof_detect, "svc-spoof-detect", "SVC spoof packet detected",                             \
    "A packet for a client's address that came in clear from the outside.")                        \
  X(inner_malformed, "cv-inner-malformed", "Inner packet malformed",                               \
    "What a client sent as a data packet is no valid IP packet.")                                  \
  X(inner_multicast, "cv-inner-multicast", "Inner packet to a group address",                      \
    "A client sent to a broadcast or multicast address; the headend has no group routing.")        \
  X(tls_first_record, "ssl-first-record-invalid", "SSL first record invalid",                      \
    "What came on a new connection to the VPN port is no TLS record.")                             \
  X(tls_bad_record, "ssl-bad-record-detect", "SSL bad record detected",                            \
    "A TLS record of an unknown type or an impossible length; the connection is closed.")          \
  X(tls_handshake, "cv-tls-handshake-message", "Unexpected TLS handshake message",                 \
    "A handshake message inside a tunnel that is no KeyUpdate; the connection is closed.")         \
  X(tls_renegotiation, "cv-tls-renegotiation", "TLS renegotiation refused",                        \
    "A client wanted to renegotiate, which is not offered; it was told so.")                       \
  X(tls_key_updates, "cv-tls-key-update-flood", "Too many TLS key updates",                        \
    "A client changed keys more often than makes sense; the connection is closed.")                \
  X(tls_decrypt, "ssl-record-decrypt-error", "SSL record decryption failed",                       \
    "A TLS record whose tag is wrong; the connection is closed.")                                  \
  /* DTLS */                                                                                       \
  X(dtls_short, "cv-dtls-short", "DTLS datagram too short",                                        \
    "A UDP datagram to the DTLS port whose length is wrong or that holds no whole record.")        \
  X(dtls_malformed, "cv-dtls-malformed", "DTLS record malformed",                                  \
    "A DTLS record of an unknown type or version, or an impossible length.")                       \
  X(dtls_unknown, "cv-dtls-unknown", "DTLS record of no known tunnel",                             \
    "A DTLS record from an address and port that no tunnel has; old ones come after a tunnel's "   \
    "end.")                                                                                        \
  X(dtls_epoch, "cv-dtls-epoch", "DTLS record of another epoch",                                   \
    "A DTLS record whose epoch is not the tunnel's.")                                              \
  X(dtls_replay, "cv-dtls-replay", "DTLS record replayed",                                         \
    "A DTLS record that came before, or that is older than the replay window.")                    \
  X(dtls_bad_tag, "cv-dtls-bad-tag", "DTLS record decryption failed",                              \
    "A DTLS record whose tag is wrong; the tunnel lives on.")                                      \
  X(dtls_punt_limit, "cv-dtls-punt-limit", "DTLS handshake limit reached",                         \
    "More DTLS handshake datagrams than are passed on to be answered.")                            \
  /* Flows: counted by control, no packet is lost with them */                                     \
  X(svc_replaced, "svc-replacement-conn", "SVC replacement connection established",                \
    "A client made a new tunnel while its old one was still up; the old one was closed.")          \
  X(dtls_hello_done, "dtls-hello-close", "DTLS hello processed and closed",                        \
    "A ClientHello of DTLS was dealt with, by a handshake or by a request for a cookie; no "       \
    "error.")                                                                                      \
  X(ssl_handshake_failed, "ssl-handshake-failed", "SSL handshake failed",                          \
    "A connection was closed because its TLS handshake failed or did not end in time.")            \
  X(setup_full, "cv-setup-full", "No room to wait for set-up",                                     \
    "As many connections waited for a place in set-up as may; this one's client had the most of "  \
    "them, or had not said hello.")                                                                \
  X(setup_wait, "cv-setup-wait", "Waited too long for set-up",                                     \
    "A connection was closed that had waited a minute for a place in set-up.")                     \
  X(ssl_close_alert, "ssl-received-close-alert", "SSL received close alert",                       \
    "A client closed its TLS or DTLS connection by a close_notify.")                               \
  /* The machine */                                                                                \
  X(no_buffer, "cv-no-buffer", "No packet buffer left", "The packet pool is empty.")               \
  X(tx_full, "cv-tx-full", "Transmit queue full", "The port took no more packets.")                \
  X(tx_refused, "cv-tx-refused", "Frame refused by the port's driver",                             \
    "The driver cannot send the frame with the checksums or segmentation asked of it.")            \
  X(handoff_full, "dispatch-queue-limit", "Dispatch queue tail drops",                             \
    "The ring to the worker that owns the packet is full.")                                        \
  X(interface_down, "interface-down", "Interface is down", "The interface is shut down.")

enum class DropReason : uint8_t {
#define X(name, keyword, label, sentence) name,
  CULVERT_DROP_REASONS(X)
#undef X
      count_
};
inline constexpr size_t kDropReasons = static_cast<size_t>(DropReason::count_);

struct DropReasonText {
  std::string_view keyword;
  std::string_view label;
  std::string_view sentence;
};
[[nodiscard]] const DropReasonText& text(DropReason reason) noexcept;

class DropTap;
// DropTap::take(), out of the way of those who drop without a capture.
void copy_drop(DropTap& tap, DropReason reason, const rte_mbuf* packet) noexcept;

// One worker's counters: written by that worker only, read by control (relaxed).
class DropCounters {
 public:
  void add(DropReason reason, uint64_t n = 1) noexcept {
    count(counts_[static_cast<size_t>(reason)], n);
  }
  // The same for a packet that its owner will free; it is copied if a capture wants it. nullptr: there is none.
  void add_packet(DropReason reason, const rte_mbuf* packet) noexcept {
    add(reason);
    if (DropTap* tap = tap_.load(std::memory_order_acquire)) [[unlikely]]
      copy_drop(*tap, reason, packet);
  }
  // By control: from now on `tap` gets copies; nullptr: nobody. A worker may still be using the one before.
  void tap(DropTap* tap) noexcept { tap_.store(tap, std::memory_order_release); }
  [[nodiscard]] uint64_t get(DropReason reason) const noexcept {
    return counts_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kDropReasons> counts_{};
  std::atomic<DropTap*> tap_{nullptr};
};

// The last edge of a packet: counts the reason and gives the buffer back.
inline void drop(DropCounters& counters, DropReason reason, rte_mbuf* m) noexcept {
  counters.add_packet(reason, m);
  rte_pktmbuf_free(m);
}

}  // namespace culvert::dp
